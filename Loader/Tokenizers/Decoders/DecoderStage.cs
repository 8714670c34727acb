using System.Text;

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
    /// <param name="piece">The text.</param>
    /// <param name="begins">Whether a token begins with it; otherwise it continues the one before.</param>
    /// <param name="ends">Whether the token is complete with it.</param>
    public abstract void Push(string piece, bool begins, bool ends);

    /// <summary>Gives what was held back, and starts afresh.</summary>
    public virtual void Flush() => Next.Flush();
}

/// <summary>A step that needs each token as a whole.</summary>
internal abstract class TokenStage : DecoderStage
{
    private readonly StringBuilder pending = new();
    private bool open;

    protected bool IsFirst { get; private set; } = true;

    public sealed override void Push(string piece, bool begins, bool ends)
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

    protected abstract void OnToken(string token);

    /// <summary>What is left to do behind the last token.</summary>
    protected virtual void End()
    {
    }

    private void CloseToken()
    {
        if (!open)
            return;
        open = false;
        string token = pending.ToString();
        pending.Clear();
        Give(token);
    }

    private void Give(string token)
    {
        OnToken(token);
        IsFirst = false;
    }
}

/// <summary>The end of the line: collects the text.</summary>
internal sealed class CollectStage : DecoderStage
{
    private readonly StringBuilder text = new();

    public override void Push(string piece, bool begins, bool ends) => text.Append(piece);

    public override void Flush()
    {
    }

    /// <summary>What has come since the last call.</summary>
    public string Take()
    {
        if (text.Length == 0)
            return "";
        string taken = text.ToString();
        text.Clear();
        return taken;
    }
}
