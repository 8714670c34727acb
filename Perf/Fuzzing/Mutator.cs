using System.Buffers.Binary;
using System.Text;

namespace Managed.Fuzzing;

/// <summary>Turns a sound file into a damaged one: flipped bits, edited lengths, cuts, insertions, pieces of other files; JSON in its own grammar too.</summary>
internal sealed class Mutator
{
    private const int MostEdits = 4;
    private const int LongestInsertion = 256;

    private static readonly ulong[] s_telling =
    [
        0, 1, 2, 3, 7, 8, 12, 13, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFF_FFFF, 0x8000_0000,
        0xFFFF_FFFF, 1UL << 32, 1UL << 40, 1UL << 60, 1UL << 61, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue - 7, ulong.MaxValue,
    ];

    private readonly IReadOnlyList<byte[]> _seeds;
    private readonly byte[][] _tokens;
    private readonly JsonEdits? _json;

    public Mutator(FuzzTarget target)
    {
        _seeds = target.Seeds;
        _tokens = [.. target.Tokens.Select(Encoding.UTF8.GetBytes)];
        Capacity = 2 * _seeds.Max(seed => seed.Length) + MostEdits * LongestInsertion + 64;
        if (target.JsonValues.Count > 0)
            _json = new JsonEdits(_seeds, [.. target.JsonValues.Select(Encoding.UTF8.GetBytes)], Capacity);
    }

    /// <summary>Longest file that a mutation can make.</summary>
    public int Capacity { get; }

    /// <summary>Writes case `number` into `buffer`, and says how long it is and which file it was made from.</summary>
    public (int Length, int Seed) Make(ulong seed, long number, Span<byte> buffer)
    {
        var random = new CaseRandom(seed, number);
        int chosen = random.Below(_seeds.Count);
        _seeds[chosen].CopyTo(buffer);
        int length = _seeds[chosen].Length;
        bool keepsGrammar = _json is not null && random.Below(4) > 0;
        for (int edits = 1 + random.Below(1 + random.Below(MostEdits)); edits > 0; edits--)
            length = keepsGrammar ? _json!.Edit(ref random, buffer, length) : Edit(ref random, buffer, length);
        return (length, chosen);
    }

    private int Edit(ref CaseRandom random, Span<byte> buffer, int length)
    {
        int kind = random.Below(12);
        if (length == 0)
            return Insert(ref random, buffer, length, 0);
        int at = random.Early(length);
        switch (kind)
        {
            case 0 or 1:
                buffer[at] ^= (byte)(1 << random.Below(8));
                return length;
            case 2:
                buffer[at] = (byte)random.Next();
                return length;
            case 3 or 4:
                EditNumber(ref random, buffer[at..length]);
                return length;
            case 5:
                return random.Below(4) == 0 ? random.Below(length + 1) : at; // cut
            case 6:
                foreach (ref byte b in buffer.Slice(at, Math.Min(1 + random.Below(16), length - at)))
                    b = (byte)random.Next();
                return length;
            case 7:
                buffer.Slice(at, Math.Min(1 + random.Below(16), length - at)).Fill((byte)(random.Below(2) * 0xFF));
                return length;
            case 8:
                return Remove(ref random, buffer, length, at);
            case 9:
                return Insert(ref random, buffer, length, at);
            case 10:
                return _tokens.Length == 0 ? Splice(ref random, buffer, at) : PutToken(ref random, buffer, length, at);
            default:
                return Splice(ref random, buffer, at);
        }
    }

    /// <summary>Overwrites a little-endian number of one to eight bytes by a telling one, or moves it a little.</summary>
    private static void EditNumber(ref CaseRandom random, Span<byte> at)
    {
        Span<byte> number = stackalloc byte[8];
        int size = Math.Min(1 << random.Below(4), at.Length);
        at[..size].CopyTo(number);
        ulong old = BinaryPrimitives.ReadUInt64LittleEndian(number);
        ulong value = random.Below(3) switch
        {
            0 => old + (ulong)(random.Below(65) - 32),
            1 => old << random.Below(64),
            _ => s_telling[random.Below(s_telling.Length)],
        };
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        number[..size].CopyTo(at);
    }

    private static int Remove(ref CaseRandom random, Span<byte> buffer, int length, int at)
    {
        int count = Math.Min(1 + random.Below(32), length - at);
        buffer[(at + count)..length].CopyTo(buffer[at..]);
        return length - count;
    }

    /// <summary>Inserts a piece of the file itself, or random bytes.</summary>
    private int Insert(ref CaseRandom random, Span<byte> buffer, int length, int at)
    {
        int count = Math.Min(1 + random.Below(LongestInsertion), Capacity - length);
        Span<byte> piece = stackalloc byte[LongestInsertion];
        piece = piece[..count];
        if (length > count && random.Below(2) == 0)
            buffer.Slice(random.Below(length - count), count).CopyTo(piece);
        else
            foreach (ref byte b in piece)
                b = (byte)random.Next();
        buffer[at..length].CopyTo(buffer[(at + count)..]);
        piece.CopyTo(buffer[at..]);
        return length + count;
    }

    /// <summary>Overwrites or inserts a word of the format's own language.</summary>
    private int PutToken(ref CaseRandom random, Span<byte> buffer, int length, int at)
    {
        ReadOnlySpan<byte> token = _tokens[random.Below(_tokens.Length)];
        int replaced = Math.Min(random.Below(2) == 0 ? 0 : token.Length, length - at);
        if (length + token.Length > Capacity)
            return length;
        buffer[(at + replaced)..length].CopyTo(buffer[(at + token.Length)..]);
        token.CopyTo(buffer[at..]);
        return length - replaced + token.Length;
    }

    /// <summary>Keeps the start and goes on with the end of another file.</summary>
    private int Splice(ref CaseRandom random, Span<byte> buffer, int at)
    {
        byte[] other = _seeds[random.Below(_seeds.Count)];
        int from = random.Early(other.Length + 1);
        int count = Math.Min(other.Length - from, Capacity - at);
        other.AsSpan(from, count).CopyTo(buffer[at..]);
        return at + count;
    }
}
