using Managed.Kernels;
using Managed.Kernels.Edits;

namespace Managed.Tests.Guarding;

/// <summary>Steering as part of the layers that make the rows gives the rows and receipts that the edit kernel gives.</summary>
public unsafe class VectorAddsTests
{
    private const int Sites = 3, Tokens = 4, PromptLength = 2;

    // A program at each of three hook points, or at one; strengths by hook point.
    private static EditState State(IDevice device, int width, int seed, params (int Site, float Strength, PositionRule Positions)[] adds)
    {
        var random = new Random(seed);
        var program = new EditProgram
        {
            Sites = [.. adds.Select((add, i) => new EditSite(add.Site, i, 1, width))],
            Instructions = [.. adds.Select((add, i) => EditKernelTests.Op(EditKind.Add, i) with { Vector = i * width, Strength = add.Strength, Positions = add.Positions, Norm = i + 1.5f })],
            Conditions = [],
            Vectors = device.Upload(EditKernelTests.Numbers(random, adds.Length * width)),
            Slots = adds.Length,
            Registers = 0,
        };
        var state = new EditState(device, program, PromptLength);
        state.Reserve(8);
        return state;
    }

    // Two tokens of a text with an edit everywhere, one without any, one of a text whose edit stands at one hook point and further on.
    private static StepPlan Plan(IDevice device, int width, float strength, int position = 5) => new()
    {
        Count = Tokens,
        Positions = [position, position + 1, 3, position],
        SequenceOf = [0, 0, 1, 2],
        SequenceCount = 3,
        SequenceStart = [0, 2, 3, 4],
        Edits =
        [
            State(device, width, 1, (10, 0.5f, PositionRule.All), (20, strength, PositionRule.All), (30, -0.25f, PositionRule.From(position + 1))),
            null,
            State(device, width, 2, (20, 2f, PositionRule.Generated)),
        ],
    };

    private static (float[] Rows, string Receipts) Result(IDevice device, StepPlan plan, DeviceBuffer rows)
    {
        var lines = from s in new[] { 0, 2 }
                    let state = plan.Edits[s]!
                    from line in Enumerable.Range(-1, 9)
                    select string.Join(' ', state.Line(line).ToArray().Select(BitConverter.SingleToInt32Bits)) + $" failed {state.FailedInstruction} at {state.FailedPosition}";
        return (device.Span(rows, 0, (int)rows.Length).ToArray(), string.Join('\n', lines));
    }

    [Test]
    public void Rows_and_receipts_are_those_of_the_edit_kernel(
        [Values(1, 7, 16, 33, 64, 130, 576)] int width, [Values(0.75f, 0f, float.MaxValue)] float strength)
    {
        var device = new CpuDevice(1);
        float[] values = EditKernelTests.Numbers(new Random(width), Tokens * width);
        StepPlan expectedPlan = Plan(device, width, strength), plan = Plan(device, width, strength);
        DeviceBuffer expected = device.Upload(values), actual = device.Upload(values);
        using var adds = new VectorAdds();
        adds.Begin(plan);
        var random = new Random(3);
        for (int i = 0; i < Sites; i++)
        {
            int site = 10 * (i + 1);
            device.Edit(new Rows(expected, Tokens, width), expectedPlan, site);
            VectorAdd* given = adds.Give(width, site);
            Assert.That(given is not null, "all that is done is of this sort");
            for (int token = 0; token < Tokens; token++)
                for (int first = 0, end; first < width; first = end)
                {
                    end = Math.Min(width, first + (16 * random.Next(1, 5)));
                    given[token].AskFor(first, end - first);
                    given[token].Apply(new Rows(actual, Tokens, width).Row(token) + first, first, end - first);
                }
            Assert.That(adds.IsOver, Is.EqualTo(i == Sites - 1));
        }
        adds.NoteFirst(adds.Announce());
        (float[] expectedRows, string expectedReceipts) = Result(device, expectedPlan, expected);
        (float[] rows, string receipts) = Result(device, plan, actual);
        Assert.That(receipts, Is.EqualTo(expectedReceipts));
        Assert.That(receipts, strength == float.MaxValue ? Does.Contain("failed 1 at 5") : Does.Not.Contain("failed 1"));
        if (strength != float.MaxValue) // what becomes of a refused row is of no interest
            Assert.That(rows, Is.EqualTo(expectedRows));
        Assert.That(rows[(2 * width)..(3 * width)], Is.EqualTo(values[(2 * width)..(3 * width)]), "a row without a program");
    }

    [Test]
    public void A_program_that_does_anything_else_is_left_to_the_edit_kernel()
    {
        var device = new CpuDevice(1);
        using var adds = new VectorAdds();
        foreach (EditInstruction other in new[]
        {
            EditKernelTests.Op(EditKind.Scale, 0), EditKernelTests.Op(EditKind.Length, 0), EditKernelTests.Op(EditKind.Add, 0) with { ConditionCount = 1 },
            EditKernelTests.Op(EditKind.Add, 0) with { FactorFrom = RegisterFrom.Previous },
        })
        {
            StepPlan plan = Plan(device, 16, 1);
            plan.Edits[1] = new EditState(device, new EditProgram
            {
                Sites = [new EditSite(20, 0, 1, 16)],
                Instructions = [other],
                Conditions = [],
                Vectors = device.Upload(new float[16]),
                Slots = 1,
                Registers = 0,
            }, PromptLength);
            adds.Begin(plan);
            Assert.That(adds.Give(16, 10) is null, $"{other.Kind}");
            plan.Edits[1] = null;
            adds.Begin(plan);
            Assert.That(adds.Give(16, 10) is not null);
        }
    }

    // A linear layer before each hook point, as in a forward pass; threads that share it, or none; operations that are queued, or done one by one.
    private static (float[] Rows, string Receipts) Steered(IDevice device, int width, bool queued, bool late)
    {
        float[] values = EditKernelTests.Numbers(new Random(width), Tokens * width), numbers = EditKernelTests.Numbers(new Random(9), width * width);
        StepPlan plan = Plan(device, width, 0.75f);
        DeviceBuffer stream = device.Upload(values), input = device.Upload(values), room = device.Allocate(Tokens * width);
        Rows rows = new(stream, Tokens, width), inputs = new(input, Tokens, width);
        fixed (float* matrix = numbers)
        {
            Weight weight = device.CreateWeight(new WeightSource { Data = (byte*)matrix, Type = WeightType.F32, Rows = width, Columns = width });
            Rows Operations()
            {
                for (int i = 0; i < Sites; i++)
                {
                    device.LinearAdd(rows, new Projection(new Rows(room, Tokens, width), weight), inputs, Precision.Exact);
                    if (late && i == 1)
                        device.Add(rows, rows, inputs); // so that the vectors are not added by the layer
                    device.Edit(rows, plan, 10 * (i + 1));
                }
                return rows;
            }
            if (queued)
                device.Step(plan, default, null, Operations);
            else
                Operations();
            return Result(device, plan, stream);
        }
    }

    [Test]
    public void Queued_steps_steer_as_operations_do_that_are_done_one_by_one([Values(1, 2, 3)] int threads, [Values] bool late)
    {
        foreach (int width in new[] { 16, 130, 576 })
        {
            (float[] expectedRows, string expectedReceipts) = Steered(new CpuDevice(1), width, queued: false, late);
            using var device = new CpuDevice(threads, worthSharing: 0);
            for (int i = 0; i < 20; i++)
            {
                (float[] rows, string receipts) = Steered(device, width, queued: true, late);
                Assert.That(rows, Is.EqualTo(expectedRows), $"width {width}");
                Assert.That(receipts, Is.EqualTo(expectedReceipts), $"width {width}");
            }
        }
    }

    [Test]
    public void A_step_that_fails_leaves_no_receipts_to_be_written_later()
    {
        const int Width = 64;
        using var device = new CpuDevice(2, worthSharing: 0);
        StepPlan failing = Plan(device, Width, 0.75f), next = Plan(device, Width, 0.75f);
        DeviceBuffer stream = device.Upload(new float[Tokens * Width]), room = device.Allocate(Tokens * Width);
        Rows rows = new(stream, Tokens, Width);
        float[] numbers = EditKernelTests.Numbers(new Random(9), Width * Width);
        fixed (float* matrix = numbers)
        {
            Weight weight = device.CreateWeight(new WeightSource { Data = (byte*)matrix, Type = WeightType.F32, Rows = Width, Columns = Width });
            Assert.That(() => device.Step(failing, default, null, () =>
            {
                device.LinearAdd(rows, new Projection(new Rows(room, Tokens, Width), weight), rows, Precision.Exact);
                device.Edit(rows, failing, 10);
                throw new InvalidOperationException("as a hook may");
            }), Throws.TypeOf<InvalidOperationException>());
        }
        device.Edit(rows, next, 10);
        Assert.That(failing.Edits[0]!.Line(5).ToArray(), Is.All.NaN);
        Assert.That(next.Edits[0]!.Line(5)[0], Is.Not.NaN);
    }
}
