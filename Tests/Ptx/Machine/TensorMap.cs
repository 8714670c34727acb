using System.Runtime.InteropServices;

namespace Managed.Tests.Ptx;

/// <summary>
/// A tensor map of 128 bytes. The real one's bits are the driver's own affair; this layout is the machine's. Extents and coordinates are
/// in elements, innermost first; strides in bytes, from the second dimension on.
/// </summary>
internal sealed record TensorMap(ulong Address, int ElementBytes, ulong[] Extents, ulong[] Strides, uint[] Box, int SwizzleBytes = 0)
{
    private const ulong Mark = 0x70614D726F736E54;

    public int Rank => Extents.Length;

    public int BoxBytes => Box.Aggregate(ElementBytes, (bytes, extent) => bytes * (int)extent);

    public byte[] Encode()
    {
        ulong[] words = new ulong[16];
        (words[0], words[1], words[2]) = (Mark, Address, (uint)ElementBytes | ((ulong)(uint)Rank << 8) | ((ulong)(uint)SwizzleBytes << 16));
        Extents.CopyTo(words, 3);
        Strides.CopyTo(words, 8);
        for (int i = 0; i < Rank; i++)
            words[12 + (i / 2)] |= (ulong)Box[i] << (32 * (i & 1));
        return MemoryMarshal.AsBytes(words.AsSpan()).ToArray();
    }

    /// <summary>The map in 128 bytes, or null if they hold none.</summary>
    public static TensorMap? Decode(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        if (words[0] != Mark)
            return null;
        int rank = (int)(words[2] >> 8) & 255;
        uint[] box = new uint[rank];
        for (int i = 0; i < rank; i++)
            box[i] = (uint)(words[12 + (i / 2)] >> (32 * (i & 1)));
        return new TensorMap(words[1], (int)words[2] & 255, words.Slice(3, rank).ToArray(), words.Slice(8, rank - 1).ToArray(), box, (int)(words[2] >> 16));
    }

    /// <summary>Calls for each element of the box at a place: its number in the box, and its address or null where it lies outside.</summary>
    public void ForEach(ReadOnlySpan<int> coordinates, Action<int, ulong?> element)
    {
        int count = BoxBytes / ElementBytes;
        for (int i = 0; i < count; i++)
        {
            int rest = i;
            ulong address = Address;
            bool inside = true;
            for (int dimension = 0; dimension < Rank; dimension++)
            {
                long place = coordinates[dimension] + (rest % (int)Box[dimension]);
                rest /= (int)Box[dimension];
                inside &= place >= 0 && place < (long)Extents[dimension];
                address += (ulong)place * (dimension == 0 ? (ulong)ElementBytes : Strides[dimension - 1]);
            }
            element(i, inside ? address : null);
        }
    }

    /// <summary>Where a byte of the box lies in shared memory: chunks of 16 bytes exchanged by the address's own bits.</summary>
    public int Place(int target, int offset)
    {
        int mask = SwizzleBytes switch { 128 => 7, 64 => 3, 32 => 1, _ => 0 };
        int address = target + offset;
        return address ^ (((address >> 7) & mask) << 4);
    }
}
