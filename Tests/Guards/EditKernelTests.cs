using Managed.Kernels;
using Managed.Kernels.Edits;
using Managed.Tests.Devices;

namespace Managed.Tests.Guarding;

/// <summary>Each instruction of a program, with vector instructions and in plain C#.</summary>
public class EditKernelTests
{
    internal const int Rank = 3, Classes = 2;

    internal static EditInstruction Op(EditKind kind, int slot) => new()
    {
        Kind = kind,
        Positions = PositionRule.All,
        Slot = slot,
        Strength = 0.75f,
        Bias = 0.25f,
        Low = -0.1f,
        High = 0.2f,
        Rank = Rank,
        Classes = Classes,
        Class = 1,
        Buffer = -1,
        Link = kind == EditKind.LinearProbe ? EditLink.Sigmoid : kind == EditKind.MlpProbe ? EditLink.Softmax : kind == EditKind.LowRank ? EditLink.Relu : EditLink.None,
    };

    // Gates, records and a user's code have no formula of their own.
    private static IEnumerable<object> Kinds() => Enum.GetValues<EditKind>().Where(kind => kind is not (EditKind.Gate or EditKind.Record or EditKind.Custom)).Cast<object>();

    internal static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];

    // One row, one instruction: the row and its line of state afterwards.
    internal static (float[] Row, float[] Line) Run(IDevice device, EditInstruction op, float[] row, float[] vectors)
    {
        int width = row.Length;
        using var program = new EditProgram
        {
            Sites = [new EditSite(7, 0, 1)],
            Instructions = [op],
            Conditions = [],
            Vectors = device.Upload(vectors),
            Indices = [0, width / 2, width - 1],
            Slots = 1,
            Registers = op.IsRead ? 1 : 0,
            Buffers = op.Buffer + 1,
            BufferWidth = width,
        };
        using var state = new EditState(device, program, promptLength: 1);
        state.Reserve(1);
        if (op.Buffer >= 0)
            vectors.AsSpan(0, width).CopyTo(state.Recorded(0));
        var plan = new StepPlan
        {
            Count = 1,
            Tokens = [0],
            Positions = [0],
            SequenceOf = [0],
            SequenceCount = 1,
            SequenceStart = [0, 1],
            Edits = [state],
        };
        DeviceBuffer buffer = device.Upload(row);
        device.Edit(new Rows(buffer, 1, width), plan, 7);
        return (device.Span(buffer, 0, width).ToArray(), state.Line(0).ToArray());
    }

    [Test]
    public void Every_instruction_gives_what_the_plain_formula_gives(
        [ValueSource(nameof(Kinds))] object wanted, [Values(1, 7, 8, 33, 128)] int width, [Values] bool recorded)
    {
        var kind = (EditKind)wanted;
        if (kind == EditKind.AddSparse)
            width = Math.Max(width, 3); // as many elements as it names
        var random = new Random(width);
        float[] vectors = Numbers(random, (2 * Rank * width) + (Rank * (Classes + 2)) + Classes + 16), row = Numbers(random, width);
        if (kind is EditKind.ProjectOut or EditKind.ClampProjection)
        {
            double length = Math.Sqrt(vectors.Take(width).Sum(v => (double)v * v));
            for (int i = 0; i < width; i++)
                vectors[i] = (float)(vectors[i] / length);
        }
        EditInstruction op = Op(kind, 0);
        op.Buffer = recorded && kind is EditKind.Projection or EditKind.Cosine or EditKind.Replace ? 0 : -1;
        op.Norm = (float)Math.Sqrt(vectors.Take(kind == EditKind.AddSparse ? Rank : width).Sum(v => (double)v * v));
        (float[] expectedRow, float[] expectedLine) = Run(new PlainDevice(), op, row, vectors);
        (float[] actualRow, float[] actualLine) = Run(new CpuDevice(1), op, row, vectors);
        Assert.That(actualRow, Is.EqualTo(expectedRow).Within(2e-6));
        Assert.That(actualLine, Is.EqualTo(expectedLine).Within(2e-6));
        Assert.That(actualRow, op.IsRead ? Is.EqualTo(row) : Is.Not.EqualTo(row).Or.EqualTo(expectedRow), "reads leave the row alone");
    }

    [Test]
    public void Two_layer_probe_gives_the_golden_number()
    {
        // reference/guards.md §8.3
        float[] vectors = [0.2f, -0.1f, 0.4f, -0.3f, 0.5f, 0.1f, 0.05f, -0.02f, 0.7f, -0.6f, -0.4f, 0.9f, 0.01f, -0.03f];
        EditInstruction op = Op(EditKind.MlpProbe, 0);
        (op.Rank, op.Class) = (2, 1);
        foreach (IDevice device in new IDevice[] { new CpuDevice(1), new PlainDevice() })
            Assert.That(Run(device, op, [0.5f, -1f, 2f], vectors).Line[0], Is.EqualTo(0.232366).Within(1e-6));
        op.Link = EditLink.None;
        Assert.That(Run(new CpuDevice(1), op, [0.5f, -1f, 2f], vectors).Line[0], Is.EqualTo(-0.45).Within(1e-6));
    }

    // A mean over every second of the prompt's six tokens, in two steps, and at its end what is read of it: line and mean afterwards.
    internal static (float[] Line, float[] Mean) RunMean(IDevice device, int width, EditKind kind, EditLink link, bool alone)
    {
        var random = new Random(width);
        float[] vectors = Numbers(random, width + 16), rows = Numbers(random, 6 * width);
        EditInstruction read = Op(kind, 0) with { Positions = PositionRule.LastPromptToken, Link = link, Buffer = 0, Alone = alone ? 1 : 0, Norm = MathF.Sqrt(vectors.Take(width).Sum(v => v * v)) };
        using var program = new EditProgram
        {
            Sites = [new EditSite(7, 0, 2)],
            Instructions = [Op(EditKind.Record, 0) with { Positions = PositionRule.Prompt with { First = 1, Every = 2 }, Buffer = 0, Averaged = 1 }, read],
            Conditions = [],
            Vectors = device.Upload(vectors),
            Slots = 1,
            Registers = 1,
            Buffers = 1,
            BufferWidth = width,
        };
        using var state = new EditState(device, program, promptLength: 6);
        state.Reserve(6);
        foreach ((int first, int count) in new[] { (0, 4), (4, 2) })
        {
            var plan = new StepPlan
            {
                Count = count,
                Tokens = new int[count],
                Positions = [.. Enumerable.Range(first, count)],
                SequenceOf = new int[count],
                SequenceCount = 1,
                SequenceStart = [0, count],
                Edits = [state],
            };
            device.Edit(new Rows(device.Upload(rows[(first * width)..((first + count) * width)]), count, width), plan, 7);
        }
        return (state.Line(5).ToArray(), state.Recorded(0).ToArray());
    }

    internal static IEnumerable<object[]> MeanReads() =>
        from read in new[] { (EditKind.Projection, EditLink.None), (EditKind.Cosine, EditLink.None), (EditKind.Cosine, EditLink.Tanh) } from alone in new[] { true, false } select new object[] { read.Item1, read.Item2, alone };

    [Test]
    public void Means_and_what_is_read_of_them_are_what_the_plain_formula_gives([Values(1, 7, 8, 33, 128)] int width)
    {
        foreach (object[] read in MeanReads())
        {
            (float[] expectedLine, float[] expectedMean) = RunMean(new PlainDevice(), width, (EditKind)read[0], (EditLink)read[1], (bool)read[2]);
            (float[] line, float[] mean) = RunMean(new CpuDevice(1), width, (EditKind)read[0], (EditLink)read[1], (bool)read[2]);
            Assert.That(line, Is.EqualTo(expectedLine).Within(2e-6));
            Assert.That(mean, Is.EqualTo(expectedMean).Within(2e-6));
        }
        var random = new Random(width);
        float[] rows = [.. Numbers(random, (7 * width) + 16).Skip(width + 16)];
        for (int i = 0; i < width; i++)
            Assert.That(RunMean(new CpuDevice(1), width, EditKind.Cosine, EditLink.None, alone: true).Mean[i], Is.EqualTo((rows[width + i] + rows[(3 * width) + i] + rows[(5 * width) + i]) / 3).Within(2e-6));
    }

    [Test]
    public void A_sum_that_is_not_finite_fails_the_row_and_says_where()
    {
        var device = new CpuDevice(1);
        EditInstruction op = Op(EditKind.Add, 0);
        (op.Strength, op.Norm) = (float.MaxValue, 1);
        using var program = new EditProgram
        {
            Sites = [new EditSite(1, 0, 1)],
            Instructions = [op],
            Conditions = [],
            Vectors = device.Upload([4f]),
            Slots = 1,
            Registers = 0,
        };
        using var state = new EditState(device, program, 1);
        state.Reserve(3);
        var plan = new StepPlan { Count = 1, Tokens = [0], Positions = [2], SequenceOf = [0], SequenceCount = 1, SequenceStart = [0, 1], Edits = [state] };
        device.Edit(new Rows(device.Upload([1f]), 1, 1), plan, 1);
        Assert.That((state.FailedInstruction, state.FailedPosition), Is.EqualTo((0, 2)));
        state.Truncate(2);
        Assert.That(state.HasFailed, Is.False, "what failed has been taken back");
    }
}
