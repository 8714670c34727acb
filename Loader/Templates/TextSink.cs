using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Collects text up to the limit.</summary>
internal sealed class TextSink
{
    private readonly StringBuilder text = new();

    public int Length => text.Length;

    public void Write(string part)
    {
        Budget.SpendText(part.Length);
        Budget.CheckText((long)text.Length + part.Length);
        text.Append(part);
    }

    public override string ToString() => text.ToString();
}
