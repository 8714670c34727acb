using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels;

/// <summary>
/// Rotary position embedding (Su et al. 2021, eq. 34): pairs of a head's elements turn by position · frequency.
/// Cos and sin are tabulated for the positions that occur.
/// </summary>
internal static unsafe class Rope
{
    /// <summary>Cos and sin of a table, by position: [positions, r/2] each. Grows by doubling.</summary>
    private sealed class Angles
    {
        public float[] Cos = [];
        public float[] Sin = [];
        public int Positions;
    }

    /// <summary>Rotates one head in place; `head` points at its first rotated element.</summary>
    public static void Apply(float* head, RopeTable table, int position)
    {
        Angles angles = Known(table, position);
        int half = table.InverseFrequencies.Length;
        ReadOnlySpan<float> cos = angles.Cos.AsSpan(position * half, half), sin = angles.Sin.AsSpan(position * half, half);
        switch (table.Pairing)
        {
            case RopePairing.Halves:
                TurnHalves(head, cos, sin, half);
                break;
            case RopePairing.Adjacent:
                for (int i = 0; i < half; i++)
                    (head[2 * i], head[(2 * i) + 1]) = Turn(head[2 * i], head[(2 * i) + 1], cos[i], sin[i]);
                break;
            case RopePairing.AdjacentToHalves:
                float* turned = stackalloc float[2 * half];
                for (int i = 0; i < half; i++)
                    (turned[i], turned[i + half]) = Turn(head[2 * i], head[(2 * i) + 1], cos[i], sin[i]);
                for (int i = 0; i < 2 * half; i++)
                    head[i] = turned[i];
                break;
            default:
                throw new DeviceException($"There is no rope pairing {table.Pairing}.");
        }
    }

    // Products are rounded before they are added: the bits of Turn.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnHalves(float* head, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, int half)
    {
        int i = 0;
        fixed (float* c = cos, s = sin)
            for (; i + 8 <= half; i += 8)
            {
                Vector256<float> x = Vector256.Load(head + i), y = Vector256.Load(head + i + half), cosine = Vector256.Load(c + i), sine = Vector256.Load(s + i);
                ((x * cosine) - (y * sine)).Store(head + i);
                ((y * cosine) + (x * sine)).Store(head + i + half);
            }
        for (; i < half; i++)
            (head[i], head[i + half]) = Turn(head[i], head[i + half], cos[i], sin[i]);
    }

    private static (float, float) Turn(float x, float y, float cos, float sin) => ((x * cos) - (y * sin), (y * cos) + (x * sin));

    /// <summary>Makes sure that the table reaches the position. Not for several threads at once.</summary>
    public static void Prepare(RopeTable table, int position) => Known(table, position);

    private static Angles Known(RopeTable table, int position)
    {
        if (table.DeviceState is Angles known && position < known.Positions)
            return known;
        var angles = (Angles?)table.DeviceState ?? new Angles();
        int half = table.InverseFrequencies.Length, positions = Math.Max(Math.Max(position + 1, 64), angles.Positions * 2);
        Array.Resize(ref angles.Cos, positions * half);
        Array.Resize(ref angles.Sin, positions * half);
        for (int p = angles.Positions; p < positions; p++)
            for (int i = 0; i < half; i++)
                (angles.Cos[(p * half) + i], angles.Sin[(p * half) + i]) = Angle(table, p, i);
        angles.Positions = positions;
        table.DeviceState = angles;
        return angles;
    }

    /// <summary>Cos and sin of a pair at a position, times the table's magnitude.</summary>
    public static (float Cos, float Sin) Angle(RopeTable table, int position, int pair)
    {
        // The product in float32, as the reference implementations have it.
        (double sin, double cos) = Math.SinCos(position * table.InverseFrequencies[pair]);
        return ((float)cos * table.Magnitude, (float)sin * table.Magnitude);
    }
}
