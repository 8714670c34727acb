namespace Managed.Families;

/// <summary>Slopes of the linear position bias (Press et al. 2022, §3).</summary>
internal static class Alibi
{
    /// <summary>
    /// Powers of 2^(−8/n) for a power of two n of heads; for other counts, those of the next lower power
    /// and then every other one of the next higher power.
    /// </summary>
    public static float[] Slopes(int heads, double largest = 8)
    {
        int power = 1;
        while (power * 2 <= heads)
            power *= 2;
        var slopes = new float[heads];
        for (int head = 0; head < heads; head++)
            slopes[head] = (float)(head < power
                ? Math.Pow(2, -largest * (head + 1) / power)
                : Math.Pow(2, -largest * ((2 * (head - power)) + 1) / (2 * power)));
        return slopes;
    }
}
