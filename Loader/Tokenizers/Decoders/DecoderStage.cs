namespace Managed.Loader.Tokenizers;

/// <summary>
/// A step on the way from tokens to text. Tokens come in pieces, one after the other, so that the same steps serve
/// whole texts and streams: what a stream has given so far plus what Flush adds is what the whole text gives.
/// </summary>
internal abstract class DecoderStage
{
    /// <summary>The next step.</summary>
    public DecoderStage Next { get; set; } = null!;

    /// <summary>Takes a piece of a token.</summary>
    /// <param name="piece">The text, valid during the call.</param>
    /// <param name="begins">Whether a token begins with it; otherwise it continues the one before.</param>
    /// <param name="ends">Whether the token is complete with it.</param>
    public abstract void Push(ReadOnlySpan<char> piece, bool begins, bool ends);

    /// <summary>Gives what was held back, and starts afresh.</summary>
    public virtual void Flush() => Next.Flush();
}

/// <summary>A step that needs each token as a whole.</summary>
internal abstract class TokenStage : DecoderStage
{
    private readonly CharacterBuffer pending = new();
    private bool open;

    protected bool IsFirst { get; private set; } = true;

    public sealed override void Push(ReadOnlySpan<char> piece, bool begins, bool ends)
    {
        if (begins && ends)
        {
            CloseToken();
            Give(piece);
            return;
        }
        if (begins)
            CloseToken();
        open = true;
        pending.Append(piece);
        if (ends)
            CloseToken();
    }

    public sealed override void Flush()
    {
        CloseToken();
        End();
        IsFirst = true;
        Next.Flush();
    }

    protected abstract void OnToken(ReadOnlySpan<char> token);

    /// <summary>What is left to do behind the last token.</summary>
    protected virtual void End()
    {
    }

    private void CloseToken()
    {
        if (!open)
            return;
        open = false;
        Give(pending.Take());
    }

    private void Give(ReadOnlySpan<char> token)
    {
        OnToken(token);
        IsFirst = false;
    }
}

/// <summary>The end of the line: collects the text.</summary>
internal sealed class CollectStage : DecoderStage
{
    private readonly CharacterBuffer text = new();

    public override void Push(ReadOnlySpan<char> piece, bool begins, bool ends) => text.Append(piece);

    public override void Flush()
    {
    }

    /// <summary>What has come since the last call, valid until the next one.</summary>
    public ReadOnlySpan<char> Take() => text.Take();
}

/// <summary>Characters that are gathered and taken, in memory that is used again.</summary>
internal sealed class CharacterBuffer
{
    private char[] characters = new char[32];
    private int count;

    public void Append(ReadOnlySpan<char> more)
    {
        if (characters.Length < count + more.Length)
            Array.Resize(ref characters, Math.Max(count + more.Length, characters.Length * 2));
        more.CopyTo(characters.AsSpan(count));
        count += more.Length;
    }

    /// <summary>All of them, valid until the next is appended; the buffer is empty from now on.</summary>
    public ReadOnlySpan<char> Take()
    {
        ReadOnlySpan<char> taken = characters.AsSpan(0, count);
        count = 0;
        return taken;
    }
}
