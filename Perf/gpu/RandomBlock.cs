using System.Runtime.InteropServices;
using Managed.Kernels;
using Managed.Kernels.Blocks;

namespace Managed.GpuPerf;

/// <summary>Host memory full of random weights of one type, the same for the same seed. Weights of a model may overlap in it.</summary>
internal sealed unsafe class RandomBlock : IDisposable
{
    private const int UnitElements = 32, ChunkUnits = 1 << 15;
    private const float Deviation = 0.02f; // as models are initialised

    private byte* data;

    /// <param name="type">BF16, Q8_0 or Q4_0.</param>
    /// <param name="elements">At least so many; a multiple of 32.</param>
    /// <param name="seed">Of the numbers.</param>
    public RandomBlock(WeightType type, long elements, ulong seed)
    {
        UnitBytes = (int)BlockFormats.RowBytes(type, UnitElements);
        long units = (elements + UnitElements - 1) / UnitElements;
        data = (byte*)NativeMemory.AlignedAlloc((nuint)(units * UnitBytes), 64);
        Filler fill = type switch
        {
            WeightType.BF16 => FillBrain,
            WeightType.Q8_0 => FillBytes,
            WeightType.Q4_0 => FillNibbles,
            _ => throw new ArgumentException($"--types: found {type}; expected BF16, Q8_0 or Q4_0."),
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

    /// <summary>Bytes of 32 weights.</summary>
    public int UnitBytes { get; }

    public byte* Data => data;

    // Even numbers of the same variance: ±0.02·√3.
    private static void FillBrain(byte* to, int units, SplitMix random)
    {
        const float Step = Deviation * 1.7320508f / 32768;
        var words = (ushort*)to;
        for (int i = 0; i < units * UnitElements; i += 4)
        {
            ulong bits = random.Next();
            for (int j = 0; j < 4; j++, bits >>= 16)
                words[i + j] = (ushort)(BitConverter.SingleToUInt32Bits((short)bits * Step) >> 16);
        }
    }

    private static void FillBytes(byte* to, int units, SplitMix random)
    {
        for (int unit = 0; unit < units; unit++, to += sizeof(ushort) + UnitElements)
        {
            Scale(to, Deviation / 73.3f, random.Next()); // the deviation of −127 … 127
            for (int i = 0; i < UnitElements; i += sizeof(ulong))
            {
                ulong bits = random.Next();
                for (int j = 0; j < sizeof(ulong); j++, bits >>= 8)
                    to[sizeof(ushort) + i + j] = (byte)Math.Max((sbyte)bits, (sbyte)-127);
            }
        }
    }

    private static void FillNibbles(byte* to, int units, SplitMix random)
    {
        const int Bytes = UnitElements / 2;
        for (int unit = 0; unit < units; unit++, to += sizeof(ushort) + Bytes)
        {
            Scale(to, Deviation / 4.61f, random.Next()); // the deviation of −8 … 7
            for (int i = 0; i < Bytes; i += sizeof(ulong))
                *(ulong*)(to + sizeof(ushort) + i) = random.Next();
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
