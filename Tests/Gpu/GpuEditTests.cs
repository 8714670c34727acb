using Managed.Kernels;
using Managed.Kernels.Edits;
using Managed.Kernels.Gpu;
using Managed.Tests.Devices;
using Managed.Tests.Guarding;

namespace Managed.Tests.Gpu;

/// <summary>Programs of several instructions on several rows and tokens: the device's table against plain C#.</summary>
public class GpuEditTests
{
    private const int Width = 37, Slots = 8, Registers = 4, Site = 5;

    // A row's program. Kinds come in turn, so that every kind stands in some program; conditions read what stands before.
    private static EditProgram Program(IDevice device, Random random, int number)
    {
        var conditions = new List<ConditionOp>();
        var instructions = new List<EditInstruction>();
        var vectors = new List<float>();
        EditKind[] reads = [EditKind.LinearProbe, EditKind.MlpProbe, EditKind.Projection, EditKind.Length, EditKind.Cosine, EditKind.Record];
        EditKind[] edits = [EditKind.Add, EditKind.AddSparse, EditKind.ProjectOut, EditKind.ClampProjection, EditKind.Scale, EditKind.LowRank, EditKind.Replace];
        PositionRule[] rules = [PositionRule.All, PositionRule.LastPromptToken, PositionRule.FromLastPromptToken, PositionRule.Prompt, PositionRule.EveryNth(2), PositionRule.Generated];
        for (int i = 0; i < 3; i++)
            Add(reads[(number + i) % reads.Length], i, rules[(number + i) % rules.Length], 0, 0);
        conditions.AddRange([new ConditionOp(ConditionCode.Register, From: RegisterFrom.Current, Slot: 0), new ConditionOp(ConditionCode.Constant, 0.3f), new ConditionOp(ConditionCode.Greater)]);
        conditions.AddRange([new ConditionOp(ConditionCode.Register, From: RegisterFrom.Current, Slot: 1), new ConditionOp(ConditionCode.Absolute), new ConditionOp(ConditionCode.Constant, 0.1f), new ConditionOp(ConditionCode.Less), new ConditionOp(ConditionCode.Not)]);
        Add(EditKind.Gate, 3, rules[(number + 3) % rules.Length], 0, 3);
        for (int i = 0; i < 4; i++)
            Add(edits[(number + i) % edits.Length], Registers + i, rules[(number + (2 * i)) % rules.Length], i == 1 ? 3 : 0, i == 1 ? 5 : 0);
        return new EditProgram
        {
            Sites = [new EditSite(Site, 0, instructions.Count)],
            Instructions = [.. instructions],
            Conditions = [.. conditions],
            Vectors = device.Upload([.. vectors]),
            Indices = [3, 36, 20],
            Slots = Slots,
            Registers = Registers,
            Buffers = 1,
            BufferWidth = Width,
        };

        void Add(EditKind kind, int slot, PositionRule rule, int conditionFirst, int conditionCount)
        {
            EditInstruction op = EditKernelTests.Op(kind, slot);
            op.Positions = rule;
            (op.ConditionFirst, op.ConditionCount, op.Sticky) = (conditionFirst, conditionCount, number % 2);
            (op.Vector, op.Norm) = (vectors.Count, 1);
            int count = kind switch
            {
                EditKind.MlpProbe => (op.Rank * (Width + 1)) + (op.Classes * (op.Rank + 1)),
                EditKind.LowRank => op.Rank * ((2 * Width) + 1),
                EditKind.AddSparse => op.Rank,
                _ => Width,
            };
            float[] v = [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
            float length = kind is EditKind.MlpProbe or EditKind.LowRank ? 2 : MathF.Sqrt(v.Sum(x => x * x)); // else of length 1, as edits expect
            vectors.AddRange(v.Select(x => x / length));
            op.Buffer = kind == EditKind.Record || (number % 3 == 0 && kind is EditKind.Projection or EditKind.Replace) ? 0 : -1;
            if (number % rules.Length == 0 && kind == EditKind.Add) // its register is written at every position
                (op.FactorFrom, op.FactorSlot, op.FactorSign) = (RegisterFrom.Current, 0, 1);
            instructions.Add(op);
        }
    }

    // Two steps of three rows, the middle one without a program: rows, lines and records afterwards.
    private static float[][] Run(IDevice device, int number)
    {
        var random = new Random(number);
        EditProgram?[] programs = [Program(device, random, number), null, Program(device, random, number + 3)];
        EditState?[] states = [.. programs.Select(program => program is null ? null : new EditState(device, program, promptLength: 4))];
        var results = new List<float[]>();
        foreach (int past in new[] { 0, 5 })
        {
            var scene = new Scene(device, number + past);
            StepPlan plan = scene.Plan([(past, 5), (past, 2), (past, 3)]);
            Rows rows = scene.Random(plan.Count, Width, gap: 2);
            foreach (EditState? state in states)
                state?.Reserve(past + 5);
            plan.Edits = states;
            device.Edit(rows, plan, Site);
            device.Edit(rows, plan, Site + 1);
            results.Add(scene.Read(rows));
        }
        foreach (EditState? state in states)
            if (state is not null)
            {
                results.Add([.. Enumerable.Range(0, 8).SelectMany(position => state.Line(position).ToArray())]);
                results.Add(state.Recorded(0).ToArray());
                Assert.That(state.HasFailed, Is.False);
                state.Dispose();
            }
        return [.. results];
    }

    [Test]
    public void Programs_give_what_plain_csharp_gives([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        for (int number = 0; number < 14; number++)
        {
            float[][] expected = Run(new PlainDevice(), number), actual = Run(device, number);
            for (int i = 0; i < expected.Length; i++)
                Assert.That(actual[i], Is.EqualTo(expected[i]).Within(1e-4), $"program {number}, result {i}");
        }
    }

    // Gates and a user's code have no formula of their own.
    private static IEnumerable<object> Kinds() => Enum.GetValues<EditKind>().Where(kind => kind is not (EditKind.Gate or EditKind.Custom)).Cast<object>();

    [Test]
    public void Every_instruction_gives_what_the_plain_formula_gives(
        [Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator, [ValueSource(nameof(Kinds))] object wanted)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        var kind = (EditKind)wanted;
        foreach (int width in new[] { 3, 8, 33, 128 })
        {
            var random = new Random(width);
            float[] vectors = EditKernelTests.Numbers(random, (2 * EditKernelTests.Rank * width) + 64), row = EditKernelTests.Numbers(random, width);
            int length = kind == EditKind.AddSparse ? EditKernelTests.Rank : width;
            float norm = MathF.Sqrt(vectors.Take(length).Sum(x => x * x));
            for (int i = 0; i < length; i++)
                vectors[i] /= norm;
            EditInstruction op = EditKernelTests.Op(kind, 0);
            op.Norm = 1;
            op.Buffer = kind is EditKind.Record or EditKind.Projection or EditKind.Cosine or EditKind.Replace ? 0 : -1;
            (float[] expectedRow, float[] expectedLine) = EditKernelTests.Run(new PlainDevice(), op, row, vectors);
            (float[] actualRow, float[] actualLine) = EditKernelTests.Run(device, op, row, vectors);
            Assert.That(actualRow, Is.EqualTo(expectedRow).Within(2e-6), $"width {width}");
            Assert.That(actualLine, Is.EqualTo(expectedLine).Within(2e-6), $"width {width}");
        }
    }

    [Test]
    public void Means_and_what_is_read_of_them_are_what_the_plain_formula_gives([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        foreach (int width in new[] { 3, 33, 128 })
            foreach (object[] read in EditKernelTests.MeanReads())
            {
                (float[] expectedLine, float[] expectedMean) = EditKernelTests.RunMean(new PlainDevice(), width, (EditKind)read[0], (EditLink)read[1], (bool)read[2]);
                (float[] line, float[] mean) = EditKernelTests.RunMean(device, width, (EditKind)read[0], (EditLink)read[1], (bool)read[2]);
                Assert.That(line, Is.EqualTo(expectedLine).Within(2e-6), $"{read[0]} {read[1]}, width {width}");
                Assert.That(mean, Is.EqualTo(expectedMean).Within(2e-6));
            }
    }

    [Test]
    public void A_sum_that_is_not_finite_fails_the_row_and_says_where([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        EditInstruction op = EditKernelTests.Op(EditKind.Add, 0);
        (op.Strength, op.Norm, op.Positions) = (float.MaxValue, 1, PositionRule.From(2));
        using var program = new EditProgram { Sites = [new EditSite(1, 0, 1)], Instructions = [op], Conditions = [], Vectors = device.Upload([4f]), Slots = 1, Registers = 0 };
        using var state = new EditState(device, program, 1);
        state.Reserve(5);
        var plan = new StepPlan { Count = 4, Tokens = [0, 0, 0, 0], Positions = [0, 1, 2, 3], SequenceOf = [0, 0, 0, 0], SequenceCount = 1, SequenceStart = [0, 4], Edits = [state] };
        Assert.That(state.HasFailed, Is.False);
        device.Edit(new Rows(device.Upload([1f, 1f, 1f, 1f]), 4, 1), plan, 1);
        Assert.That((state.FailedInstruction, state.FailedPosition), Is.EqualTo((0, 2)));
        state.Truncate(2);
        Assert.That(state.HasFailed, Is.False, "what failed has been taken back");
    }

    /// <summary>Conditions are computed on a stack of numbers, which is indexed as the program says.</summary>
    [Test]
    public void PTX_of_the_kernel_assembles_without_spills() => Accelerators.AssertAssembles(
        "edits", device => EditKernelTests.Run(device, EditKernelTests.Op(EditKind.Add, 0) with { Buffer = -1 }, [1, 2, 3], new float[99]), mayHaveStack: true);
}
