using System.Buffers;

namespace Managed.Kernels.Guidance;

/// <summary>
/// SafeDecoding's window: the smallest number k for which the k best tokens of a row and the k best of a lane share as many as are asked
/// for; there the two distributions are mixed, elsewhere nothing can come. Only as much of both rankings is made as the window needs.
/// </summary>
internal static class RankWindow
{
    private const float LeastProbability = 1e-8f;
    private const int FirstTry = 64;

    /// <summary>Scores become ln max(p + α·(p_g − p), 1e-8) on the window, −∞ outside.</summary>
    /// <param name="scores">The row's; what is −∞ cannot come and is in neither ranking. // [vocabulary]</param>
    /// <param name="lane">The expert's logits. // [vocabulary]</param>
    /// <param name="strength">α.</param>
    /// <param name="common">Tokens that both windows must share.</param>
    public static void Apply(Span<float> scores, ReadOnlySpan<float> lane, float strength, int common)
    {
        int count = scores.Length, words = (count + 63) / 64;
        ulong[] memory = ArrayPool<ulong>.Shared.Rent(2 * words);
        Span<ulong> inOwn = memory.AsSpan(0, words), inLane = memory.AsSpan(words, words);
        int ranks = Math.Min(count, Math.Max(FirstTry, 4 * Math.Clamp(common, 0, count)));
        while (!TryFind(scores, lane, common, ranks, inOwn, inLane))
            ranks = (int)Math.Min(count, 8L * ranks);
        float sum = LogSumExp.Rounded(scores, scores), laneSum = LogSumExp.Rounded(lane, scores);
        for (int id = 0; id < count; id++)
        {
            if (!Has(inOwn, id) || !Has(inLane, id) || float.IsNegativeInfinity(scores[id]))
            {
                scores[id] = float.NegativeInfinity;
                continue;
            }
            float p = MathF.Exp(scores[id] - sum), expert = MathF.Exp(lane[id] - laneSum);
            scores[id] = MathF.Log(MathF.Max(p + (strength * (expert - p)), LeastProbability));
        }
        ArrayPool<ulong>.Shared.Return(memory);
    }

    // Widens the window rank by rank; false: so many ranks do not suffice.
    private static bool TryFind(ReadOnlySpan<float> scores, ReadOnlySpan<float> lane, int common, int ranks, Span<ulong> inOwn, Span<ulong> inLane)
    {
        inOwn.Clear();
        inLane.Clear();
        ulong[] memory = ArrayPool<ulong>.Shared.Rent(2 * ranks);
        Span<ulong> own = memory.AsSpan(0, ranks), other = memory.AsSpan(ranks, ranks);
        Best(own, scores, scores);
        Best(other, lane, scores);
        int shared = 0;
        for (int rank = 1; rank <= ranks && shared < common; rank++)
        {
            int a = IdOf(own[^rank]), b = IdOf(other[^rank]);
            Set(inOwn, a);
            Set(inLane, b);
            shared += (Has(inLane, a) ? 1 : 0) + (a != b && Has(inOwn, b) ? 1 : 0);
        }
        ArrayPool<ulong>.Shared.Return(memory);
        return shared >= common || ranks == scores.Length;
    }

    // The keys of the best tokens, ascending, so that the last is the best: a heap whose least is given up for whatever is greater.
    private static void Best(Span<ulong> best, ReadOnlySpan<float> logits, ReadOnlySpan<float> scores)
    {
        for (int id = 0; id < best.Length; id++)
            best[id] = Key(logits, scores, id);
        for (int node = (best.Length / 2) - 1; node >= 0; node--)
            Sink(best, node);
        for (int id = best.Length; id < logits.Length; id++)
            if (Key(logits, scores, id) is var key && key > best[0])
            {
                best[0] = key;
                Sink(best, 0);
            }
        best.Sort();
    }

    private static void Sink(Span<ulong> heap, int node)
    {
        ulong key = heap[node];
        for (int child; (child = (2 * node) + 1) < heap.Length; node = child)
        {
            if (child + 1 < heap.Length && heap[child + 1] < heap[child])
                child++;
            if (heap[child] >= key)
                break;
            heap[node] = heap[child];
        }
        heap[node] = key;
    }

    // Greater for a greater logit, of equal ones for the lower id.
    private static ulong Key(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores, int id)
    {
        float logit = float.IsNegativeInfinity(scores[id]) ? float.NegativeInfinity : logits[id] + 0f; // no negative zero
        int bits = BitConverter.SingleToInt32Bits(logit);
        uint order = (uint)(bits >= 0 ? bits ^ int.MinValue : ~bits);
        return ((ulong)order << 32) | ~(uint)id;
    }

    private static int IdOf(ulong key) => (int)~(uint)key;

    private static void Set(Span<ulong> bits, int id) => bits[id >> 6] |= 1UL << (id & 63);

    private static bool Has(ReadOnlySpan<ulong> bits, int id) => (bits[id >> 6] & (1UL << (id & 63))) != 0;
}
