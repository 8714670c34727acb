using Managed.Cache;
using Managed.Sampling;

namespace Managed;

/// <summary>What a guard of edits alone asks of a run that makes its steps by itself: refusals, idle steps, the receipt.</summary>
internal static class GuardChecks
{
    /// <summary>Refuses the row where its guard has failed in a sequence; true: it did.</summary>
    public static bool Refuse(GenerationRow row, Sequence sequence)
    {
        if (row.Options.Guard is not { Pass: { } pass } guard || ReceiptWriter.Failure(guard.Name, pass, sequence.Edits) is not { } failure)
            return false;
        row.Refuse(failure);
        return true;
    }

    /// <summary>Refuses a row that has ended where a step of its guard never had a position to act on.</summary>
    public static void RefuseIdle(GenerationRow row, Sequence sequence)
    {
        if (row.Options.Guard is { Pass: { } pass } guard && row.Reason is not (StopReason.Failed or StopReason.Cancelled or StopReason.Guard)
            && ReceiptWriter.Idle(guard.Name, pass, sequence, row.PromptLength) is { } idle)
            row.Refuse(idle);
    }

    /// <summary>The result with the guard's receipt; as it is, where there is no guard.</summary>
    public static GenerationResult WithReceipt(GenerationResult result, GenerationRow row, Sequence sequence) =>
        row.Options.Guard is { } guard ? result with { Receipt = ReceiptWriter.Write(guard, sequence, [], row.Failure) } : result;
}
