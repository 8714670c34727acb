namespace Managed.Constraints.Json;

/// <summary>
/// The white space that a constraint takes between two tokens of JSON: any amount is JSON, but a model can get lost in it.
/// Taken are up to two blanks, or a line's end and an indentation.
/// </summary>
internal static class WhiteSpace
{
    private const int MostBlanks = 2, MostIndentation = 20;

    // States: 0 nothing yet, 1 to MostBlanks so many blanks, then a carriage return, a line's end, an indentation.
    private const int CarriageReturn = MostBlanks + 1, Line = CarriageReturn + 1;

    public static bool Is(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r';

    /// <summary>The state after one more character of white space; below 0: no more is taken. Begins with 0.</summary>
    public static int Next(int state, byte value) => (char)value switch
    {
        '\n' => state == CarriageReturn || state <= MostBlanks ? Line : -1,
        '\r' => state <= MostBlanks ? CarriageReturn : -1,
        _ when state == CarriageReturn => -1,
        _ => state != MostBlanks && state < Line + MostIndentation ? state + 1 : -1,
    };
}
