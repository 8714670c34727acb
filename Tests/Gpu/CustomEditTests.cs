using Managed.Guards;
using Managed.Kernels;
using Managed.Kernels.Edits;
using Managed.Kernels.Gpu;
using Managed.Tests.Devices;
using Managed.Tests.Models;

namespace Managed.Tests.Gpu;

/// <summary>A user's struct is compiled into the kernel of the guards' programs and gives the processor's bits; what cannot be compiled runs on the host.</summary>
public class CustomEditTests
{
    private const int Site = 3, Width = 37;

    /// <summary>Adds the row's own mean, position and register, more to one half than to the other; keeps nothing of what it counts in itself.</summary>
    private struct Lifting(float factor, int every) : IRowEdit
    {
        private int seen;

        public void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers)
        {
            float sum = ++seen - 1;
            foreach (float value in stream)
                sum += value * factor;
            float lift = (sum / stream.Length) + (0.25f * position) - registers[^1];
            Span<float> half = stream[(stream.Length / 2)..];
            for (int i = 0; i < half.Length; i += every)
                half[i] += lift * MathF.Sqrt(MathF.Abs(stream[i]));
            stream[0] = position % 2 == 0 ? lift : -stream[1];
        }
    }

    private readonly struct Doubling : IRowEdit
    {
        public void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers)
        {
            for (int i = 0; i < stream.Length; i++)
                stream[i] *= 2;
        }
    }

    private readonly struct LookingOutside(int which) : IRowEdit
    {
        public void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers)
        {
            if (position != 2)
                return;
            if (which == 0)
                stream[stream.Length] = 1;
            else if (which == 1)
                stream[0] = registers[registers.Length];
            else if (which == 2)
                stream[0] = stream[..5][5];
            else
                stream[0] = stream.Slice(30, 8).Length;
        }
    }

    private readonly struct Throwing : IRowEdit
    {
        public void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers)
        {
            stream[0] += 1;
            if (position == 2)
                throw new InvalidOperationException("out of luck");
        }
    }

    private readonly struct Holding(float[] vector) : IRowEdit
    {
        public void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers) => stream[0] += vector[0];
    }

    private static EditInstruction Op(EditKind kind, int slot) => new() { Kind = kind, Slot = slot, Positions = PositionRule.All, Strength = 1, Norm = 1, Buffer = -1 };

    // Register 0: an element of the row, so that no sum's order is in it; slot 1: how far it was moved; further slots: other edits.
    private static EditProgram Program(IDevice device, params CustomEdit[] codes)
    {
        EditInstruction add = Op(EditKind.Add, 1 + codes.Length);
        add.Positions = PositionRule.EveryNth(2);
        EditInstruction[] instructions = [Op(EditKind.Projection, 0), .. codes.Select((_, i) => Op(EditKind.Custom, 1 + i) with { Custom = i, Positions = PositionRule.From(1) }), add];
        return new EditProgram
        {
            Sites = [new EditSite(Site, 0, instructions.Length, Width)],
            Instructions = instructions,
            Conditions = [],
            Vectors = device.Upload([.. Enumerable.Range(0, Width).Select(i => i == 5 ? 1f : 0)]),
            Customs = codes,
            Slots = instructions.Length,
            Registers = 1,
        };
    }

    // Rows and lines after two steps; the states are given back where they are asked for.
    private static float[][] Run(IDevice device, EditState?[] states)
    {
        var results = new List<float[]>();
        foreach (int past in new[] { 0, 4 })
        {
            var scene = new Scene(device, 11 + past);
            StepPlan plan = scene.Plan([.. states.Select((_, s) => (past, 2 + (2 * (s % 2))))]);
            Rows rows = scene.Random(plan.Count, Width, gap: 3);
            foreach (EditState? state in states)
                state?.Reserve(past + 4);
            plan.Edits = states;
            device.Edit(rows, plan, Site);
            results.Add(scene.Read(rows));
        }
        foreach (EditState? state in states)
            if (state is not null)
                results.Add([.. Enumerable.Range(0, 4).SelectMany(position => state.Line(position).ToArray())]);
        return [.. results];
    }

    private static EditState[] States(IDevice device, params EditProgram[] programs) => [.. programs.Select(program => new EditState(device, program, promptLength: 2))];

    [Test]
    public void A_struct_gives_the_processor_s_bits([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        var lifting = new StructEdit<Lifting>(new Lifting(0.5f, 3)); // one object in two rows' programs, the type once more with another value
        EditState?[] Rows(IDevice device) => [.. States(device, Program(device, lifting), Program(device, new StructEdit<Lifting>(new Lifting(-2, 1))), Program(device)), null, .. States(device, Program(device, new StructEdit<Doubling>(default)), Program(device, lifting))];
        using GpuDevice gpu = Accelerators.Open(accelerator);
        using var cpu = new CpuDevice(1);
        float[][] expected = Run(cpu, Rows(cpu)), actual = Run(gpu, Rows(gpu));
        Assert.That(gpu.RunsEditsOnHost, Is.False);
        for (int i = 0; i < 2; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]), $"rows of step {i}");
        for (int i = 2; i < expected.Length; i++) // lengths are summed in another order
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(1e-5), $"lines {i - 2}");
    }

    [Test]
    public void A_look_outside_of_the_row_or_the_registers_refuses_the_row_and_no_other(
        [Values(Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator, [Values(0, 1, 2, 3)] int which)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        EditState[] states = States(device, Program(device, new StructEdit<Doubling>(default)), Program(device, new StructEdit<LookingOutside>(new LookingOutside(which))), Program(device, new StructEdit<Doubling>(default)));
        Run(device, states);
        Assert.That(device.RunsEditsOnHost, Is.False);
        Assert.That((states[1].FailedInstruction, states[1].FailedPosition), Is.EqualTo((1, 2)));
        Assert.That((states[0].HasFailed, states[2].HasFailed), Is.EqualTo((false, false)));
    }

    [Test]
    public void What_kernels_have_not_runs_on_the_host([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        using var cpu = new CpuDevice(1);
        CustomEdit[][] each = [[new StructEdit<Holding>(new Holding([0.5f]))], [new StructEdit<Doubling>(default), new StructEdit<Lifting>(new Lifting(1, 2))]];
        foreach (CustomEdit[] codes in each)
        {
            float[][] expected = Run(cpu, States(cpu, Program(cpu, codes))), actual = Run(device, States(device, Program(device, codes)));
            Assert.That(device.RunsEditsOnHost);
            for (int i = 0; i < 2; i++)
                Assert.That(actual[i], Is.EqualTo(expected[i]).Within(1e-5), $"rows of step {i}");
        }
        if (accelerator == Accelerators.Cpu)
            return; // where exceptions are no reason to refuse code
        EditState[] states = States(device, Program(device, new StructEdit<Doubling>(default)), Program(device, new StructEdit<Throwing>(default)));
        Run(device, states);
        Assert.That(device.RunsEditsOnHost);
        Assert.That(states[1].KnownFailure is { Position: 2 }, "the row that threw");
        Assert.That(states[1].FailureCause, Is.TypeOf<InvalidOperationException>());
        Assert.That(states[0].HasFailed, Is.False);
    }

    [Test]
    public void PTX_with_a_struct_in_it_assembles_without_spills() => Accelerators.AssertAssembles(
        "edits by a struct", device => Run(device, States(device, Program(device, new StructEdit<Lifting>(new Lifting(0.5f, 3))))), mayHaveStack: true);

    private readonly record struct Shifting(float By) : IResidualEdit
    {
        public void Apply(Span<float> stream, ResidualEditContext at)
        {
            for (int i = 0; i < stream.Length; i++)
                stream[i] += By * (at.Registers.Length + 1) * (at.Position % 3);
        }
    }

    [Test]
    public void A_model_on_a_device_edits_by_a_struct_as_the_processor_does()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, Accelerators.OpenGpu(), new LoadOptions { Precision = Precision.Exact }), processor = TestModels.Load(TestModels.HearthPath);
        GuardProgram program = Guard.Define(g => g.At(GuardPoints.ResidPost(2)).From(GuardPositions.LastPromptToken).Apply(new Shifting(0.5f)));
        using CompiledGuard guard = program.Compile(model), same = program.Compile(processor);
        int[] prompt = model.Encode("How do I make honey bread?");
        static GenerationOptions Under(CompiledGuard guard) => new() { MaxTokens = 8, Guard = guard, Precision = Precision.Exact, IgnoreEndTokens = true };
        GenerationResult actual = model.Generate(prompt, Under(guard)), expected = processor.Generate(prompt, Under(same));
        Assert.That(((GpuDevice)model.Device).RunsEditsOnHost, Is.False);
        Assert.That(actual.Ids, Is.EqualTo(expected.Ids));
        Assert.That(actual.Receipt!.Steps[0].Fired, Is.EqualTo(expected.Receipt!.Steps[0].Fired));
        Assert.That(actual.Receipt.Steps[0].Moved, Is.EqualTo(expected.Receipt.Steps[0].Moved!.Value).Within(1e-4));
    }
}
