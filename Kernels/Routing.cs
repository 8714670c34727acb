namespace Managed.Kernels;

/// <summary>Which experts a token goes to, and with what weights. Formulas: <see cref="RouterSettings"/>. Ties go to the lower index.</summary>
internal static class Routing
{
    /// <summary>One token's choice, by descending weight.</summary>
    public static void Choose(Span<int> indices, Span<float> weights, ReadOnlySpan<float> logits, RouterSettings settings)
    {
        int experts = settings.Experts, chosen = settings.Chosen;
        Span<float> scores = experts <= 512 ? stackalloc float[experts] : new float[experts];
        Span<float> choice = experts <= 512 ? stackalloc float[experts] : new float[experts];
        logits.CopyTo(scores);
        if (settings.Scoring == RouterScoring.SoftmaxThenTop)
            Softmax(scores);
        else if (settings.Scoring == RouterScoring.Sigmoid)
            foreach (ref float score in scores)
                score = 1f / (1f + MathF.Exp(-score));
        for (int e = 0; e < experts; e++)
            choice[e] = scores[e] + (settings.CorrectionBias is { } bias ? bias[e] : 0);
        if (settings.GroupsChosen < settings.Groups)
            KeepBestGroups(choice, settings);

        for (int j = 0; j < chosen; j++)
        {
            int best = 0;
            for (int e = 1; e < experts; e++)
                if (choice[e] > choice[best])
                    best = e;
            indices[j] = best;
            weights[j] = scores[best];
            choice[best] = float.NegativeInfinity;
        }
        if (settings.Scoring == RouterScoring.TopThenSoftmax)
            Softmax(weights[..chosen]);
        if (settings.Renormalise)
        {
            float sum = 0;
            foreach (float weight in weights[..chosen])
                sum += weight;
            foreach (ref float weight in weights[..chosen])
                weight /= sum;
        }
        foreach (ref float weight in weights[..chosen])
            weight *= settings.Scale;
        SortByWeight(indices[..chosen], weights[..chosen]);
    }

    // DeepSeek: experts outside the best groups cannot be chosen.
    private static void KeepBestGroups(Span<float> choice, RouterSettings settings)
    {
        int size = settings.Experts / settings.Groups;
        Span<float> best = stackalloc float[settings.Groups];
        for (int g = 0; g < settings.Groups; g++)
            best[g] = SumOfBest(choice.Slice(g * size, size), settings.GroupScoreTop);
        for (int g = 0; g < settings.Groups; g++)
        {
            int before = 0;
            for (int other = 0; other < settings.Groups; other++)
                if (best[other] > best[g] || (best[other] == best[g] && other < g))
                    before++;
            if (before >= settings.GroupsChosen)
                choice.Slice(g * size, size).Fill(float.NegativeInfinity);
        }
    }

    private static float SumOfBest(ReadOnlySpan<float> values, int count)
    {
        float sum = 0;
        for (int j = 0; j < count; j++)
        {
            // the j-th largest: as many values lie before it, ties by index
            for (int i = 0; i < values.Length; i++)
            {
                int before = 0;
                for (int other = 0; other < values.Length; other++)
                    if (values[other] > values[i] || (values[other] == values[i] && other < i))
                        before++;
                if (before == j)
                    sum += values[i];
            }
        }
        return sum;
    }

    private static void SortByWeight(Span<int> indices, Span<float> weights)
    {
        for (int i = 1; i < weights.Length; i++)
            for (int j = i; j > 0 && weights[j] > weights[j - 1]; j--)
            {
                (weights[j], weights[j - 1]) = (weights[j - 1], weights[j]);
                (indices[j], indices[j - 1]) = (indices[j - 1], indices[j]);
            }
    }

    /// <summary>Softmax in place.</summary>
    public static void Softmax(Span<float> values)
    {
        float most = float.NegativeInfinity, sum = 0;
        foreach (float value in values)
            most = MathF.Max(most, value);
        foreach (ref float value in values)
            sum += value = MathF.Exp(value - most);
        foreach (ref float value in values)
            value /= sum;
    }
}
