using System.Runtime.InteropServices;

namespace Managed.Kernels.Blocks;

/// <summary>float32 rows to stored types. Q8_0 and Q4_0 round as llama.cpp does; Q4_K fits scales and minima by least squares.</summary>
internal static class BlockQuantisers
{
    public delegate void Encoder(ReadOnlySpan<float> values, Span<byte> stored);

    private static readonly Dictionary<WeightType, Encoder> Entries = new()
    {
        [WeightType.F32] = (values, stored) => MemoryMarshal.AsBytes(values).CopyTo(stored),
        [WeightType.F16] = F16,
        [WeightType.BF16] = BF16,
        [WeightType.Q8_0] = (values, stored) => Blocks(values, stored, 32, 34, Q8_0),
        [WeightType.Q4_0] = (values, stored) => Blocks(values, stored, 32, 18, Q4_0),
        [WeightType.Q4_K] = (values, stored) => Blocks(values, stored, 256, 144, Q4_KQuantiser.Quantise),
    };

    public static IEnumerable<WeightType> Known => Entries.Keys;

    /// <summary>Encodes whole blocks.</summary>
    public static void Quantise(WeightType type, ReadOnlySpan<float> values, Span<byte> stored) => Entries[type](values, stored);

    public static void WriteHalf(Span<byte> at, float value) => MemoryMarshal.Write(at, (Half)value);

    private static void Blocks(ReadOnlySpan<float> values, Span<byte> stored, int elements, int bytes, Encoder encode)
    {
        for (int i = 0; i < values.Length / elements; i++)
            encode(values.Slice(i * elements, elements), stored.Slice(i * bytes, bytes));
    }

    private static void F16(ReadOnlySpan<float> values, Span<byte> stored)
    {
        Span<Half> halves = MemoryMarshal.Cast<byte, Half>(stored);
        for (int i = 0; i < values.Length; i++)
            halves[i] = (Half)values[i];
    }

    private static void BF16(ReadOnlySpan<float> values, Span<byte> stored)
    {
        Span<ushort> bits = MemoryMarshal.Cast<byte, ushort>(stored);
        for (int i = 0; i < values.Length; i++)
            bits[i] = HalfBits.ToBrain(values[i]);
    }

    private static void Q8_0(ReadOnlySpan<float> values, Span<byte> stored)
    {
        float most = 0;
        foreach (float value in values)
            most = Math.Max(most, Math.Abs(value));
        float d = most / 127, inverse = d == 0 ? 0 : 1 / d;
        WriteHalf(stored, d);
        for (int i = 0; i < values.Length; i++)
            stored[2 + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
    }

    private static void Q4_0(ReadOnlySpan<float> values, Span<byte> stored)
    {
        float most = 0;
        foreach (float value in values)
            if (Math.Abs(value) > Math.Abs(most))
                most = value;
        float d = most / -8, inverse = d == 0 ? 0 : 1 / d;
        WriteHalf(stored, d);
        for (int i = 0; i < 16; i++)
            stored[2 + i] = (byte)(Nibble(values[i] * inverse) | (Nibble(values[i + 16] * inverse) << 4));
    }

    private static int Nibble(float scaled) => Math.Clamp((int)(scaled + 8.5f), 0, 15);
}
