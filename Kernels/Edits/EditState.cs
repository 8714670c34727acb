namespace Managed.Kernels.Edits;

/// <summary>
/// What a program has read and done in one row: for each position a line of registers and of how far each edit moved the stream
/// (NaN: it did not act). A register keeps its value from position to position until it is written again. So the state is a
/// function of the text alone: forgetting the text's end forgets what was read there, and nothing else.
/// </summary>
internal sealed class EditState : IDisposable
{
    private readonly IDevice device;
    private int capacity; // positions
    private int failedInstruction = -1;
    private int failedPosition;

    /// <param name="device">Where the state lives.</param>
    /// <param name="program">What acts.</param>
    /// <param name="promptLength">Tokens of the conversation up to the answer.</param>
    public EditState(IDevice device, EditProgram program, int promptLength)
    {
        this.device = device;
        Program = program;
        PromptLength = promptLength;
        Lines = device.Allocate(Math.Max(1, program.Slots));
        Buffers = program.Buffers == 0 ? null : device.Allocate((long)program.Buffers * program.BufferWidth);
        device.Span(Lines, 0, (int)Lines.Length).Fill(float.NaN);
    }

    /// <summary>What acts; may be replaced by one of the same table.</summary>
    public EditProgram Program { get; set; }

    /// <summary>Tokens of the conversation up to the answer.</summary>
    public int PromptLength { get; set; }

    /// <summary>[1 + positions, slots]: what was given before the first token, then a line a position.</summary>
    public DeviceBuffer Lines { get; private set; }

    /// <summary>What was recorded, [buffers, width]; null: nothing ever is.</summary>
    public DeviceBuffer? Buffers { get; private set; }

    /// <summary>The instruction that gave a number that is not finite, or failed; −1: none.</summary>
    public int FailedInstruction => HasFailed ? failedInstruction : -1;

    /// <summary>Where it failed.</summary>
    public int FailedPosition => HasFailed ? failedPosition : 0;

    /// <summary>What a user's code threw; null: a number was not finite.</summary>
    public Exception? FailureCause { get; private set; }

    public bool HasFailed
    {
        get
        {
            if (failedInstruction < 0 && Failures?.Read(this) is { } failed)
                (failedInstruction, failedPosition) = failed;
            return failedInstruction >= 0;
        }
    }

    /// <summary>What the host knows of failures without asking the device.</summary>
    internal (int Instruction, int Position)? KnownFailure => failedInstruction < 0 ? null : (failedInstruction, failedPosition);

    /// <summary>Where the device notes failures; null: it does not run programs by itself.</summary>
    internal IEditFailures? Failures { get; set; }

    /// <summary>The line of a position; −1: what was given.</summary>
    public Span<float> Line(int position) => device.Span(Lines, (long)(position + 1) * Program.Slots, Program.Slots);

    /// <summary>A recorded vector.</summary>
    public Span<float> Recorded(int buffer) => device.Span(Buffers!, (long)buffer * Program.BufferWidth, Program.BufferWidth);

    /// <summary>How many of the tokens that come after the first `length` may be computed in one step.</summary>
    public int LongestStep(int length, int wanted)
    {
        if (Program.SplitsAtPromptEnd && length < PromptLength)
            wanted = Math.Min(wanted, PromptLength - length);
        if (Program.SplitsEverywhere)
            wanted = Math.Min(wanted, Math.Max(1, Program.FirstPosition(PromptLength) + 1 - length));
        return wanted;
    }

    /// <summary>Makes room for texts of so many tokens.</summary>
    public void Reserve(int length)
    {
        if (length <= capacity)
            return;
        int grown = Math.Max(Math.Max(length, 64), capacity * 2);
        DeviceBuffer larger = device.Allocate(Math.Max(1, (long)(grown + 1) * Program.Slots));
        int known = (capacity + 1) * Program.Slots;
        device.Synchronize();
        device.Span(Lines, 0, known).CopyTo(device.Span(larger, 0, known));
        device.Span(larger, known, (int)(larger.Length - known)).Fill(float.NaN);
        Lines.Dispose();
        (Lines, capacity) = (larger, grown);
    }

    public void Fail(int instruction, int position, Exception? cause = null)
    {
        if (HasFailed)
            return;
        (failedInstruction, failedPosition, FailureCause) = (instruction, position, cause);
        Failures?.Changed(this);
    }

    /// <summary>Forgets what happened from position `length` on.</summary>
    public void Truncate(int length)
    {
        if (!HasFailed || failedPosition < length)
            return;
        (failedInstruction, FailureCause) = (-1, null);
        Failures?.Changed(this);
    }

    /// <summary>The same state for a second row, up to position `length`.</summary>
    public EditState Fork(int length)
    {
        var fork = new EditState(device, Program, PromptLength);
        fork.Reserve(length);
        device.Synchronize();
        int known = Math.Min((length + 1) * Program.Slots, (int)Lines.Length);
        device.Span(Lines, 0, known).CopyTo(device.Span(fork.Lines, 0, known));
        if (Buffers is not null)
            device.Span(Buffers, 0, (int)Buffers.Length).CopyTo(device.Span(fork.Buffers!, 0, (int)Buffers.Length));
        if (HasFailed && failedPosition < length)
            fork.Fail(failedInstruction, failedPosition, FailureCause);
        return fork;
    }

    public void Dispose()
    {
        Failures?.Release(this);
        Lines.Dispose();
        Buffers?.Dispose();
    }
}
