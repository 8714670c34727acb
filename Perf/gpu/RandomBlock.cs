using System.Runtime.InteropServices;
using Managed.Kernels;
using Managed.Kernels.Blocks;

namespace Managed.GpuPerf;

/// <summary>Host memory full of random weights of one type, the same for the same seed. Weights of a model may overlap in it.</summary>
internal sealed unsafe class RandomBlock : IDisposable
{
    private const int PartElements = 32, PartsOfUnit = 8, ChunkUnits = 1 << 15;
    private const float Deviation = 0.02f; // as models are initialised

    private byte* data;

    /// <param name="type">F16, BF16, Q8_0, Q4_0 or Q4_K.</param>
    /// <param name="elements">At least so many.</param>
    /// <param name="seed">Of the numbers.</param>
    public RandomBlock(WeightType type, long elements, ulong seed)
    {
        int unitElements = ElementsOf(type);
        UnitBytes = (int)BlockFormats.RowBytes(type, unitElements);
        long units = (elements + unitElements - 1) / unitElements;
        data = (byte*)NativeMemory.AlignedAlloc((nuint)(units * UnitBytes), 64);
        Filler fill = type switch
        {
            WeightType.F16 => (to, count, random) => FillWords(to, count, random, value => BitConverter.HalfToUInt16Bits((Half)value)),
            WeightType.BF16 => (to, count, random) => FillWords(to, count, random, value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)),
            WeightType.Q8_0 => FillBytes,
            WeightType.Q4_0 => FillNibbles,
            WeightType.Q4_K => FillSuperBlocks,
            _ => throw new ArgumentException($"--types: found {type}; expected F16, BF16, Q8_0, Q4_0 or Q4_K."),
        };
        byte* start = data;
        int size = UnitBytes;
        Parallel.For(0, (units + ChunkUnits - 1) / ChunkUnits, chunk =>
        {
            long first = chunk * ChunkUnits;
            fill(start + (first * size), (int)Math.Min(ChunkUnits, units - first), new SplitMix(seed + (ulong)chunk));
        });
    }

    private delegate void Filler(byte* to, int units, SplitMix random);

    /// <summary>Weights of a unit, at which a matrix may begin.</summary>
    public static int ElementsOf(WeightType type) => type == WeightType.Q4_K ? PartElements * PartsOfUnit : PartElements;

    /// <summary>Bytes of a unit.</summary>
    public int UnitBytes { get; }

    public byte* Data => data;

    // Even numbers of the same variance: ±0.02·√3.
    private static void FillWords(byte* to, int units, SplitMix random, Func<float, ushort> bitsOf)
    {
        const float Step = Deviation * 1.7320508f / 32768;
        var words = (ushort*)to;
        for (int i = 0; i < units * PartElements; i += 4)
        {
            ulong bits = random.Next();
            for (int j = 0; j < 4; j++, bits >>= 16)
                words[i + j] = bitsOf((short)bits * Step);
        }
    }

    private static void FillBytes(byte* to, int units, SplitMix random)
    {
        for (int unit = 0; unit < units; unit++, to += sizeof(ushort) + PartElements)
        {
            Scale(to, Deviation / 73.3f, random.Next()); // the deviation of −127 … 127
            for (int i = 0; i < PartElements; i += sizeof(ulong))
            {
                ulong bits = random.Next();
                for (int j = 0; j < sizeof(ulong); j++, bits >>= 8)
                    to[sizeof(ushort) + i + j] = (byte)Math.Max((sbyte)bits, (sbyte)-127);
            }
        }
    }

    private static void FillNibbles(byte* to, int units, SplitMix random)
    {
        const int Bytes = PartElements / 2;
        for (int unit = 0; unit < units; unit++, to += sizeof(ushort) + Bytes)
        {
            Scale(to, Deviation / 4.61f, random.Next()); // the deviation of −8 … 7
            for (int i = 0; i < Bytes; i += sizeof(ulong))
                *(ulong*)(to + sizeof(ushort) + i) = random.Next();
        }
    }

    // d · s · q − dmin · m of Q4_K with m = s and dmin = 7.5 d, so that the mean is 0; the codes s have 6 bits, 32 to 63.
    private static void FillSuperBlocks(byte* to, int units, SplitMix random)
    {
        const int Header = 2 * sizeof(ushort), Codes = 12, Bytes = PartElements * PartsOfUnit / 2;
        const float MeanCode = 47.5f, MeanNibble = 7.5f;
        for (int unit = 0; unit < units; unit++, to += Header + Codes + Bytes)
        {
            Scale(to, Deviation / (4.61f * MeanCode), random.Next());
            *(Half*)(to + sizeof(ushort)) = (Half)(MeanNibble * (float)*(Half*)to);
            ulong bits = random.Next();
            uint low = (uint)bits | 0xA0A0A0A0, high = (uint)(bits >> 32) & 0x0F0F0F0F; // the first four codes with the others' two highest bits; the others' four lowest
            var codes = (uint*)(to + Header);
            (codes[0], codes[1], codes[2]) = (low, low, high | (high << 4));
            for (int i = 0; i < Bytes; i += sizeof(ulong))
                *(ulong*)(to + Header + Codes + i) = random.Next();
        }
    }

    // A block's scale, between three quarters and five quarters of the usual.
    private static void Scale(byte* to, float usual, ulong bits) =>
        *(ushort*)to = BitConverter.HalfToUInt16Bits((Half)(usual * (0.75f + ((bits & 0xFFFF) / 131072f))));

    public void Dispose()
    {
        NativeMemory.AlignedFree(data);
        data = null;
    }

    /// <summary>Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".</summary>
    private sealed class SplitMix(ulong seed)
    {
        private ulong state = seed * 0x9E3779B97F4A7C15;

        public ulong Next()
        {
            ulong z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
