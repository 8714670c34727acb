using System.Text;

namespace Managed.Guards.Evaluation;

/// <summary>How long a text is, in the units that perplexity can be given in.</summary>
/// <param name="Bytes">UTF-8 bytes.</param>
/// <param name="Words">Pieces between white space.</param>
public readonly record struct TextSize(int Bytes, int Words)
{
    /// <summary>Measures a text.</summary>
    public static TextSize Of(string text) =>
        new(Encoding.UTF8.GetByteCount(text), text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);
}
