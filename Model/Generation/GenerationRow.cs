using Managed.Cache;
using Managed.Constraints;
using Managed.Loader.Tokenizers;
using Managed.Sampling;

namespace Managed;

/// <summary>One text that is being generated: its sequence, its sampler, its way back to characters, its end.</summary>
internal sealed class GenerationRow
{
    private readonly GenerationOptions options;
    private readonly StopCondition stop;
    private readonly Sampler sampler;
    private readonly StopStringFilter filter;
    private readonly StreamingDecoder? decoder;
    private readonly TokenMasker? masker;
    private readonly ulong[] mask = [];
    private readonly int promptLength;
    private int[] ids; // prompt and new tokens
    private int count;
    private ConstraintState constraint;

    public GenerationRow(
        Sequence sequence, ReadOnlySpan<int> prompt, GenerationOptions options, StopCondition stop, Sampler sampler,
        StreamingDecoder? decoder, TokenMasker? masker)
    {
        Sequence = sequence;
        this.options = options;
        this.stop = stop;
        this.sampler = sampler;
        this.decoder = decoder;
        this.masker = masker;
        filter = stop.CreateFilter();
        promptLength = count = prompt.Length;
        ids = new int[prompt.Length + Math.Min(options.MaxTokens, 1 << 16)];
        prompt.CopyTo(ids);
        if (options.Constraint is { } wanted)
        {
            mask = new ulong[masker!.Words];
            constraint = wanted.Start();
        }
    }

    public Sequence Sequence { get; }

    public StopReason Reason { get; private set; }

    public ReadOnlySpan<int> NewIds => ids.AsSpan(promptLength, count - promptLength);

    /// <summary>The newest token, to be appended to the sequence in the next step.</summary>
    public ReadOnlyMemory<int> Newest => ids.AsMemory(count - 1, 1);

    /// <summary>Chooses the next token from logits; the text it makes certain goes to `text`.</summary>
    public GeneratedToken Choose(ReadOnlySpan<float> logits, out ReadOnlySpan<char> text)
    {
        ReadOnlySpan<ulong> allowed = default;
        if (options.Constraint is not null)
        {
            if (masker!.FillMask(constraint, mask) == 0)
            {
                Reason = StopReason.Constraint;
                text = [];
                return default;
            }
            allowed = mask;
        }
        SampledToken chosen = sampler.Next(logits, ids.AsSpan(0, count), promptLength, allowed);
        if (count == ids.Length)
            Array.Resize(ref ids, ids.Length * 2);
        ids[count++] = chosen.Id;
        Reason = stop.After(chosen.Id, count - promptLength);
        if (Reason == StopReason.EndToken)
        {
            text = [];
            return new GeneratedToken(chosen.Id, "", count - 1, chosen.LogProbability);
        }
        if (options.Constraint is not null)
            constraint.Advance(masker!.BytesOf(chosen.Id));
        string piece = decoder?.Append(chosen.Id) ?? "";
        text = filter.Push(piece);
        if (filter.Stopped is not null)
            Reason = StopReason.StopString;
        return new GeneratedToken(chosen.Id, text.Length == piece.Length ? piece : text.ToString(), count - 1, chosen.LogProbability);
    }

    /// <summary>At the end: what decoder and stop strings held back.</summary>
    public string Flush()
    {
        if (Reason == StopReason.StopString)
            return "";
        string rest = decoder?.Flush() ?? "";
        string passed = filter.Push(rest).ToString();
        return filter.Stopped is null ? passed + filter.Flush().ToString() : passed;
    }

    public void Cancel() => Reason = StopReason.Cancelled;
}
