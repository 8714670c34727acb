using ILGPU;
using Managed.Kernels.Guidance;

namespace Managed.Kernels.Gpu.Guidance;

/// <summary>
/// Stages between the lanes' logits and the greatest score, as <see cref="LogitStages"/> has them. A row is cut into chunks, of which a group
/// takes one. A launch is a round: it runs the stage whose statistics the round before has left, and leaves those of the next one; behind
/// the last stage, each chunk's greatest score. Scores are the host's bit for bit, but for the normalisers of the union filter: they are summed
/// in float64, too, in another order, and rounded to float32.
/// </summary>
internal static class GuidanceKernel
{
    /// <summary>Most threads of a group.</summary>
    public const int Threads = 256;

    /// <summary>Chunks of a row: token t belongs to chunk t / 32 modulo this, since neighbours in a vocabulary are often alike.</summary>
    public const int Chunks = 64;

    /// <summary>Tokens that a chunk may put on a list.</summary>
    public const int Slots = 32;

    private const int Block = 32;

    /// <summary>
    /// Grid.IdxX is the chunk, Grid.IdxY the choice. All threads of all groups meet at the same barriers, whatever the stages are: what is
    /// not asked for is reduced with nothing in it.
    /// </summary>
    public static void Run(GuidanceMemory memory, RowsView logits, int round)
    {
        ArrayView<double> sums = SharedMemory.Allocate<double>(2 * Threads);
        ArrayView<float> greatest = SharedMemory.Allocate<float>(2 * Threads);
        ArrayView<int> places = SharedMemory.Allocate<int>(Threads);
        int choice = Grid.IdxY, chunk = Grid.IdxX, bestAt = (choice * Chunks) + chunk;
        LogitChoice wanted = memory.Choices[choice];
        bool acts = round <= wanted.StageCount, isLast = round == wanted.StageCount;
        int end = acts ? Places(logits.Width) : 0;
        long own = logits.Start(wanted.Row), scores = (long)choice * logits.Width;
        bool unfit = round > 0 && memory.Best[bestAt].Score == float.PositiveInfinity;

        // The stage that is due: what it needs to know of the whole row.
        bool hasStage = acts && round > 0;
        StageItem stage = hasStage ? memory.Stages[wanted.FirstStage + round - 1] : default;
        StageItem next = acts && !isLast ? memory.Stages[wanted.FirstStage + round] : default;
        bool nextHasLane = acts && !isLast && next.HasLane;
        long known = StatisticsAt(choice, round + 1), lane = logits.Start(stage.Lane), nextLane = logits.Start(next.Lane);
        float ownTotal = float.NegativeInfinity, laneTotal = float.NegativeInfinity;
        for (int i = Group.IdxX; i < Chunks && hasStage; i += Group.DimX)
        {
            ownTotal = MathF.Max(ownTotal, memory.Statistics[known + i].OwnMost);
            laneTotal = MathF.Max(laneTotal, memory.Statistics[known + i].LaneMost);
        }
        Maxima(ref ownTotal, ref laneTotal, greatest);
        double ownSum = 0, laneSum = 0;
        for (int i = Group.IdxX; i < Chunks && hasStage && stage.HasSums; i += Group.DimX)
        {
            ChunkStatistics part = memory.Statistics[known + i];
            ownSum += Scaled(part.OwnSum, part.OwnMost, ownTotal);
            laneSum += Scaled(part.LaneSum, part.LaneMost, laneTotal);
        }
        Sums(ref ownSum, ref laneSum, sums);
        float least = ownTotal + stage.LogCut;
        if (stage.HasSums)
        {
            ownTotal = ownTotal > float.NegativeInfinity ? (float)(ownTotal + Math.Log(ownSum)) : ownTotal;
            laneTotal = laneTotal > float.NegativeInfinity ? (float)(laneTotal + Math.Log(laneSum)) : laneTotal;
        }

        // Each thread takes every so-manieth token.
        float most = float.NegativeInfinity, laneMost = float.NegativeInfinity;
        int place = int.MaxValue;
        for (int at = Group.IdxX; at < end; at += Group.DimX)
        {
            int id = Token(chunk, at);
            if (id >= logits.Width)
                continue;
            float score = round <= 1 ? logits.Values[own + id] : memory.Scores[scores + id];
            unfit |= !(score < float.PositiveInfinity);
            if (hasStage)
            {
                float other = stage.HasLane ? logits.Values[lane + id] : 0;
                score = Apply(memory, stage, score, other, id, least, ownTotal, laneTotal);
                unfit |= !(score < float.PositiveInfinity);
                if (!isLast || wanted.Listed > 0)
                    memory.Scores[scores + id] = score;
            }
            if (score > most)
            {
                most = score;
                place = id;
            }
            if (nextHasLane)
            {
                float other = logits.Values[nextLane + id];
                unfit |= !(other < float.PositiveInfinity);
                laneMost = score > float.NegativeInfinity ? MathF.Max(laneMost, other) : laneMost;
            }
        }
        float worst = unfit ? float.PositiveInfinity : most;
        Best(ref worst, ref place, greatest, places);
        if (Group.IdxX == 0 && acts)
            memory.Best[bestAt] = new ChunkBest { Score = worst, Id = place };

        // What the next stage needs to know.
        Maxima(ref most, ref laneMost, greatest);
        ownSum = laneSum = 0;
        for (int at = Group.IdxX; at < end && next.HasSums; at += Group.DimX)
        {
            int id = Token(chunk, at);
            if (id >= logits.Width)
                continue;
            float score = round == 0 ? logits.Values[own + id] : memory.Scores[scores + id];
            ownSum += Exponential(score, most);
            laneSum += Exponential(score > float.NegativeInfinity ? logits.Values[nextLane + id] : float.NegativeInfinity, laneMost);
        }
        Sums(ref ownSum, ref laneSum, sums);
        if (Group.IdxX == 0 && acts && !isLast)
            memory.Statistics[StatisticsAt(choice, round) + chunk] = new ChunkStatistics { OwnSum = ownSum, LaneSum = laneSum, OwnMost = most, LaneMost = laneMost };
    }

    /// <summary>
    /// Behind the last round: lists each choice's greatest scores. As many chunks as tokens are wanted have a greatest score that is not below
    /// the limit, so as many tokens reach it, and all that do are listed; where fewer chunks have any token that can come, all of these. Beside
    /// them Σ e^((score − the chunk's greatest)·sharpness) over the chunk. Grid.IdxX is the chunk, Grid.IdxY the choice.
    /// </summary>
    public static void List(GuidanceMemory memory, RowsView logits)
    {
        ArrayView<float> greatest = SharedMemory.Allocate<float>(Chunks);
        ArrayView<float> limit = SharedMemory.Allocate<float>(1);
        ArrayView<int> count = SharedMemory.Allocate<int>(1);
        ArrayView<double> sums = SharedMemory.Allocate<double>(2 * Threads);
        int choice = Grid.IdxY, chunk = Grid.IdxX, thread = Group.IdxX;
        LogitChoice wanted = memory.Choices[choice];
        ChunkBest own = memory.Best[(choice * Chunks) + chunk];
        long to = ((long)choice * Chunks + chunk) * (2 + Slots), from = logits.Start(wanted.Row), scores = (long)choice * logits.Width;
        if (thread == 0)
            count[0] = 0;
        for (int i = thread; i < Chunks; i += Group.DimX)
            greatest[i] = memory.Best[(choice * Chunks) + i].Score;
        Group.Barrier();
        for (int i = thread; i < Chunks; i += Group.DimX)
        {
            int before = 0;
            for (int j = 0; j < Chunks; j++)
                before += greatest[j] > greatest[i] || (greatest[j] == greatest[i] && j < i) ? 1 : 0;
            if (before == Math.Max(wanted.Listed, 1) - 1)
                limit[0] = greatest[i];
        }
        Group.Barrier();
        int end = wanted.Listed > 0 ? Places(logits.Width) : 0;
        double sum = 0, nothing = 0;
        for (int at = thread; at < end; at += Group.DimX)
        {
            int id = Token(chunk, at);
            float score = id >= logits.Width ? float.NegativeInfinity : wanted.StageCount == 0 ? logits.Values[from + id] : memory.Scores[scores + id];
            if (score >= limit[0] && score > float.NegativeInfinity)
            {
                int slot = Atomic.Add(ref count[0], 1);
                if (slot < Slots)
                    memory.Lists[to + 2 + slot] = new ChunkBest { Score = score, Id = id };
            }
            if (wanted.Sharpness > 0 && score > float.NegativeInfinity)
                sum += Math.Exp(((double)score - own.Score) * wanted.Sharpness);
        }
        Sums(ref sum, ref nothing, sums);
        if (thread == 0)
        {
            memory.Lists[to] = new ChunkBest { Score = own.Score, Id = count[0] };
            memory.Lists[to + 1] = own;
            memory.Sums[((long)choice * Chunks) + chunk] = sum;
        }
    }

    // Places of a chunk, some of them behind the vocabulary's end.
    private static int Places(int vocabulary) => (vocabulary + (Chunks * Block) - 1) / (Chunks * Block) * Block;

    private static int Token(int chunk, int place) => (((place / Block) * Chunks) + chunk) * Block + (place % Block);

    private static long StatisticsAt(int choice, int round) => ((2L * choice) + (round & 1)) * Chunks;

    private static float Apply(GuidanceMemory memory, StageItem stage, float score, float other, int id, float least, float ownTotal, float laneTotal)
    {
        if (stage.Kind == (int)LogitStageKind.Mix)
        {
            float mixed = stage.Rule == (int)MixRule.Own ? stage.Keep * score
                : stage.Rule == (int)MixRule.Between ? score + (stage.Strength * (other - score))
                : stage.Rule == (int)MixRule.Added ? score + (stage.Strength * other)
                : (stage.Keep * score) + (stage.Strength * other);
            return score < least || score == float.NegativeInfinity ? float.NegativeInfinity : mixed;
        }
        if (stage.Kind == (int)LogitStageKind.Union)
        {
            float excess = (other - laneTotal) - (score - ownTotal);
            return excess > 0 && score != float.NegativeInfinity ? score - (stage.Strength * excess) : score;
        }
        ArrayView<int> ids = memory.Ids;
        if (stage.Kind == (int)LogitStageKind.Bits)
        {
            int word = id >> 5;
            return word < stage.IdCount && ((ids[stage.FirstId + word] >> (id & 31)) & 1) != 0 ? score : float.NegativeInfinity;
        }
        int at = Lower(ids, stage.FirstId, stage.FirstId + stage.IdCount, id), last = stage.FirstId + stage.IdCount;
        bool isNamed = at < last && ids[at] == id;
        if (stage.Kind == (int)LogitStageKind.Penalty)
        {
            for (; at < last && ids[at] == id; at++)
                score -= stage.Strength;
            return score;
        }
        if (isNamed && stage.Kind == (int)LogitStageKind.Aside)
            memory.Told[stage.FirstTold + at - stage.FirstId] = score;
        return isNamed == (stage.Kind != (int)LogitStageKind.Allow) ? float.NegativeInfinity : score;
    }

    // The first place whose token is not below.
    private static int Lower(ArrayView<int> ids, int first, int last, int id)
    {
        while (first < last)
        {
            int middle = (first + last) >> 1;
            if (ids[middle] < id)
                first = middle + 1;
            else
                last = middle;
        }
        return first;
    }

    // e^(x − most); 0 for what cannot come.
    private static double Exponential(float x, float most) => x > float.NegativeInfinity ? Math.Exp((double)x - most) : 0;

    // A chunk's sum as a part of the row's.
    private static double Scaled(double sum, float chunkMost, float most) => chunkMost > float.NegativeInfinity ? sum * Math.Exp((double)chunkMost - most) : 0;

    // Two sums over the group's threads, in an order that its size alone fixes.
    private static void Sums(ref double first, ref double second, ArrayView<double> shared)
    {
        int thread = Group.IdxX;
        shared[thread] = first;
        shared[Threads + thread] = second;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half)
            {
                shared[thread] += shared[thread + half];
                shared[Threads + thread] += shared[Threads + thread + half];
            }
            Group.Barrier();
        }
        first = shared[0];
        second = shared[Threads];
        Group.Barrier();
    }

    // Two maxima over the group's threads.
    private static void Maxima(ref float first, ref float second, ArrayView<float> shared)
    {
        int thread = Group.IdxX;
        shared[thread] = first;
        shared[Threads + thread] = second;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half)
            {
                shared[thread] = MathF.Max(shared[thread], shared[thread + half]);
                shared[Threads + thread] = MathF.Max(shared[Threads + thread], shared[Threads + thread + half]);
            }
            Group.Barrier();
        }
        first = shared[0];
        second = shared[Threads];
        Group.Barrier();
    }

    // The greatest score of the group's threads, and the lowest place among equals.
    private static void Best(ref float most, ref int place, ArrayView<float> greatest, ArrayView<int> places)
    {
        int thread = Group.IdxX;
        greatest[thread] = most;
        places[thread] = place;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half && (greatest[thread + half] > greatest[thread] || (greatest[thread + half] == greatest[thread] && places[thread + half] < places[thread])))
            {
                greatest[thread] = greatest[thread + half];
                places[thread] = places[thread + half];
            }
            Group.Barrier();
        }
        most = greatest[0];
        place = places[0];
        Group.Barrier();
    }
}
