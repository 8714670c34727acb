using ILGPU;

namespace Managed.Kernels.Gpu.Experts;

/// <summary>
/// Which experts a token goes to, and with what weights: <see cref="Routing"/> on the device, a group for each token. Ties go to the lower
/// index. A weight's last bits may differ from the host's: sums run in the order of <see cref="GroupReduction"/>.
/// </summary>
internal static class RouteKernel
{
    /// <param name="experts">The choice, by descending weight. // [tokens, Chosen]</param>
    /// <param name="weights">// [tokens, Chosen]</param>
    /// <param name="logits">// [tokens, Experts]</param>
    /// <param name="correction">Where shape.IsCorrected. // [Experts]</param>
    /// <param name="shape">How to choose.</param>
    public static void Run(ArrayView<int> experts, ArrayView<float> weights, RowsView logits, ArrayView<float> correction, RouteShape shape)
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        ArrayView<float> scores = SharedMemory.Allocate<float>(RouteShape.MostExperts), choice = SharedMemory.Allocate<float>(RouteShape.MostExperts);
        ArrayView<float> groups = SharedMemory.Allocate<float>(RouteShape.MostExperts);
        ArrayView<int> indices = SharedMemory.Allocate<int>(GroupReduction.MostThreads);
        int token = Grid.IdxX, thread = Group.IdxX;

        Score(scores, logits, token, shape, shared);
        for (int e = thread; e < shape.Experts; e += Group.DimX)
            choice[e] = shape.IsCorrected != 0 ? scores[e] + correction[e] : scores[e];
        Group.Barrier();
        if (shape.GroupsChosen < shape.Groups)
            KeepBestGroups(choice, groups, shape);

        long first = (long)token * shape.Chosen;
        for (int j = 0; j < shape.Chosen; j++)
        {
            int best = Best(choice, shape.Experts, shared, indices);
            if (thread == 0)
            {
                experts[first + j] = best;
                weights[first + j] = scores[best];
                choice[best] = float.NegativeInfinity;
            }
            Group.Barrier();
        }
        if (thread == 0)
            Weigh(experts.SubView(first, shape.Chosen), weights.SubView(first, shape.Chosen), shape);
    }

    // Each thread reads later what it writes here itself.
    private static void Score(ArrayView<float> scores, RowsView logits, int token, RouteShape shape, ArrayView<float> shared)
    {
        float most = float.NegativeInfinity, sum = 0;
        for (int e = Group.IdxX; e < shape.Experts; e += Group.DimX)
        {
            float logit = logits[token, e];
            scores[e] = shape.Scoring == (int)RouterScoring.Sigmoid ? Arithmetic.Sigmoid(logit) : logit;
            most = MathF.Max(most, logit);
        }
        if (shape.Scoring != (int)RouterScoring.SoftmaxThenTop)
            return;
        most = GroupReduction.Maximum(most, shared);
        for (int e = Group.IdxX; e < shape.Experts; e += Group.DimX)
        {
            float power = MathF.Exp(scores[e] - most);
            scores[e] = power;
            sum += power;
        }
        sum = GroupReduction.Sum(sum, shared);
        for (int e = Group.IdxX; e < shape.Experts; e += Group.DimX)
            scores[e] /= sum;
    }

    // Experts outside the best groups cannot be chosen.
    private static void KeepBestGroups(ArrayView<float> choice, ArrayView<float> groups, RouteShape shape)
    {
        int size = shape.Experts / shape.Groups;
        for (int g = Group.IdxX; g < shape.Groups; g += Group.DimX)
            groups[g] = SumOfBest(choice, g * size, size, shape.GroupScoreTop);
        Group.Barrier();
        for (int g = Group.IdxX; g < shape.Groups; g += Group.DimX)
        {
            int before = 0;
            for (int other = 0; other < shape.Groups; other++)
                if (groups[other] > groups[g] || (groups[other] == groups[g] && other < g))
                    before++;
            if (before >= shape.GroupsChosen)
                for (int e = g * size; e < (g + 1) * size; e++)
                    choice[e] = float.NegativeInfinity;
        }
        Group.Barrier();
    }

    // The sum of the `count` greatest, found one after the other: behind the last in value, or equal to it and further on.
    private static float SumOfBest(ArrayView<float> values, int first, int size, int count)
    {
        float least = float.PositiveInfinity, sum = 0;
        int place = -1;
        for (int j = 0; j < IntrinsicMath.Min(count, size); j++)
        {
            float next = float.NegativeInfinity;
            int at = size;
            for (int i = 0; i < size; i++)
            {
                float value = values[first + i];
                bool isBehind = value < least || (value == least && i > place);
                if (isBehind && (at == size || value > next))
                {
                    next = value;
                    at = i;
                }
            }
            sum += next;
            least = next;
            place = at;
        }
        return sum;
    }

    // The place of the greatest value, the lowest among equals; every thread gets it.
    private static int Best(ArrayView<float> values, int count, ArrayView<float> shared, ArrayView<int> indices)
    {
        int thread = Group.IdxX, best = thread;
        float most = thread < count ? values[thread] : float.NegativeInfinity;
        for (int e = thread + Group.DimX; e < count; e += Group.DimX)
            if (values[e] > most)
            {
                most = values[e];
                best = e;
            }
        shared[thread] = most;
        indices[thread] = best;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half)
            {
                float other = shared[thread + half];
                int place = indices[thread + half];
                if (place < count && (other > shared[thread] || (other == shared[thread] && place < indices[thread])))
                {
                    shared[thread] = other;
                    indices[thread] = place;
                }
            }
            Group.Barrier();
        }
        int found = indices[0];
        Group.Barrier();
        return found;
    }

    private static void Weigh(ArrayView<int> experts, ArrayView<float> weights, RouteShape shape)
    {
        if (shape.Scoring == (int)RouterScoring.TopThenSoftmax)
        {
            float most = float.NegativeInfinity, all = 0;
            for (int j = 0; j < shape.Chosen; j++)
                most = MathF.Max(most, weights[j]);
            for (int j = 0; j < shape.Chosen; j++)
            {
                float power = MathF.Exp(weights[j] - most);
                weights[j] = power;
                all += power;
            }
            for (int j = 0; j < shape.Chosen; j++)
                weights[j] /= all;
        }
        float sum = 1;
        if (shape.Renormalise != 0)
        {
            sum = 0;
            for (int j = 0; j < shape.Chosen; j++)
                sum += weights[j];
        }
        for (int j = 0; j < shape.Chosen; j++)
            weights[j] = weights[j] / sum * shape.Scale;
        for (int i = 1; i < shape.Chosen; i++)
            for (int j = i; j > 0 && weights[j] > weights[j - 1]; j--)
            {
                (weights[j], weights[j - 1]) = (weights[j - 1], weights[j]);
                (experts[j], experts[j - 1]) = (experts[j - 1], experts[j]);
            }
    }
}
