using Managed.Ilgpu.Compiler.IR;
using Barrier = Managed.Ilgpu.Compiler.IR.Barrier;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>
/// Barriers, and warps without sub-groups: a warp is 32 threads that follow each other in the group; a shuffle writes to local memory,
/// waits for the whole group, reads and waits again; a warp's barrier is the group's. That is legal only where all threads of the group
/// come by, so a shuffle or warp barrier in code that only part of the group may reach is refused, never miscompiled.
/// </summary>
internal static class WarpEmitter
{
    private const string GroupBarrier = "barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);";

    /// <summary>The thread's number in its group.</summary>
    public const string LinearThread =
        "(uint)(get_local_id(0) + get_local_size(0) * (get_local_id(1) + get_local_size(1) * get_local_id(2)))";

    /// <summary>Refuses what cannot be emulated.</summary>
    public static void Verify(OpenCLWriter writer)
    {
        if (!writer.Kernel.AllValues.Any(IsOfWarp))
        {
            return;
        }
        UniformityAnalysis uniformity = new(writer.Kernel);
        foreach (BasicBlock block in writer.Kernel.Blocks.Where(block => !uniformity.IsUniform(block)))
        {
            if (block.Values.FirstOrDefault(IsOfWarp) is Value value)
            {
                throw writer.Refuse(value, $"{(value is Shuffle ? "a warp shuffle" : "a warp barrier")} stands where only part of the group may come by "
                    + "(a branch or loop depends on the thread), and OpenCL 1.2 without sub-groups can only exchange values among the whole group. "
                    + "Let all threads of the group take part, or give the kernel a path through shared memory.");
            }
        }
    }

    public static void Write(OpenCLWriter writer, Value value)
    {
        switch (value)
        {
            case Barrier { Kind: BarrierKind.Group or BarrierKind.Warp }:
                writer.Line(GroupBarrier);
                break;
            case Barrier barrier:
                WriteReduction(writer, barrier);
                break;
            case Shuffle shuffle:
                WriteShuffle(writer, shuffle);
                break;
        }
    }

    /// <summary>Two counters by turns would save a barrier; these are rare.</summary>
    private static void WriteReduction(OpenCLWriter writer, Barrier barrier)
    {
        string predicate = writer.Use(barrier.Operands[0]);
        string condition = barrier.Operands[0].Type == ScalarType.Bool ? predicate : $"{predicate} != 0";
        string contribution = barrier.Kind == BarrierKind.GroupAnd ? $"!({condition})" : condition;
        string result = barrier.Kind switch
        {
            BarrierKind.GroupCount => "warp_scratch[0]",
            BarrierKind.GroupAnd => "warp_scratch[0] == 0",
            _ => "warp_scratch[0] != 0",
        };
        writer.Line($"if ({LinearThread} == 0) {{ warp_scratch[0] = 0; }}");
        writer.Line(GroupBarrier);
        writer.Line($"if ({contribution}) {{ atomic_inc(warp_scratch); }}");
        writer.Line(GroupBarrier);
        writer.Line($"{writer.Use(barrier)} = {result};");
        writer.Line(GroupBarrier);
    }

    private static void WriteShuffle(OpenCLWriter writer, Shuffle shuffle)
    {
        int width = shuffle.Width == 0 ? OpenCLTarget.WarpSize : shuffle.Width;
        string name = SourceFunction(writer, shuffle.Kind, width);
        string value = writer.Use(shuffle.Operands[0]);
        bool isFloat = shuffle.Type == ScalarType.Float32;
        writer.Line($"warp_scratch[{LinearThread}] = {(isFloat ? $"as_uint({value})" : value)};");
        writer.Line(GroupBarrier);
        string read = $"warp_scratch[{name}({LinearThread}, {writer.Use(shuffle.Operands[1])})]";
        writer.Line($"{writer.Use(shuffle)} = {(isFloat ? $"as_float({read})" : read)};");
        writer.Line(GroupBarrier);
    }

    /// <summary>The thread of the group whose value a thread receives; its own where the lane it asks for lies outside its part of the warp or of the group.</summary>
    private static string SourceFunction(OpenCLWriter writer, ShuffleKind kind, int width)
    {
        string name = $"shuffle_{kind.ToString().ToLowerInvariant()}_{width}";
        string source = kind switch
        {
            ShuffleKind.Index => $"first + (lane & {width - 1}u)",
            ShuffleKind.Up => "thread - lane",
            ShuffleKind.Down => "thread + lane",
            _ => "thread ^ lane",
        };
        // Up beyond the first lane wraps around to a number above the last.
        string inside = kind == ShuffleKind.Xor ? $"source <= (first | {width - 1}u)" : $"source >= first && source <= (first | {width - 1}u)";
        return writer.Function(name, () => $$"""
            static inline uint {{name}}(uint thread, uint lane)
            {
                uint first = thread & ~{{width - 1}}u, source = {{source}};
                return {{inside}} && source < (uint)(get_local_size(0) * get_local_size(1) * get_local_size(2)) ? source : thread;
            }
            """);
    }

    private static bool IsOfWarp(Value value) => value is Shuffle or Barrier { Kind: BarrierKind.Warp };
}
