namespace Managed.Loader.Tokenizers;

/// <summary>GPT-2's alphabet: a printable character for every byte, so that any text can be written with 256 symbols.</summary>
internal static class ByteSymbols
{
    private static readonly int[] Symbols = new int[256];
    private static readonly short[] Bytes = new short[0x180];

    static ByteSymbols()
    {
        Bytes.AsSpan().Fill(-1);
        int next = 0x100;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            Symbols[value] = printable ? value : next++;
            Bytes[Symbols[value]] = (short)value;
        }
    }

    public static int Symbol(byte value) => Symbols[value];

    /// <summary>The byte that a symbol stands for; -1 for any other code point.</summary>
    public static int Byte(int symbol) => (uint)symbol < (uint)Bytes.Length ? Bytes[symbol] : -1;
}
