using Managed.Guards.Evaluation;

namespace Managed.Guards.Learning;

/// <summary>From two lists of prompts to a direction for each block, and how well each direction tells the two apart.</summary>
public static class DirectionExtraction
{
    /// <summary>Extracts a direction at a hook point of every block.</summary>
    /// <param name="model">The model.</param>
    /// <param name="positive">Token ids of prompts towards which the directions point.</param>
    /// <param name="negative">Token ids of the others; for methods of pairs, in the same order.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Takes prompts done, of both kinds together.</param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    /// <exception cref="GuardException">Prompts that are no pairs, or states that give no direction.</exception>
    /// <exception cref="HookPointException">The model has no such hook point.</exception>
    public static DirectionReport Extract(
        LanguageModel model, IReadOnlyList<int[]> positive, IReadOnlyList<int[]> negative, DirectionOptions options,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        IReadOnlyList<States> plus = ActivationCollector.Collect(model, positive, [options.Hook], options.Positions, options.Adapter, progress, cancellation);
        var rest = progress is null ? null : new Offset(progress, positive.Count);
        IReadOnlyList<States> minus = ActivationCollector.Collect(model, negative, [options.Hook], options.Positions, options.Adapter, rest, cancellation);
        var vectors = new SteeringVectors(plus[0].Width);
        var layers = new List<DirectionQuality>();
        for (int point = 0; point < plus.Count; point++)
        {
            int layer = model.HookNames.ResolveOne(plus[point].HookPoint).Layer;
            if (layer < 0)
                throw new GuardException($"{plus[point].HookPoint}: it belongs to no block; expected a hook point of blocks, such as resid_post.");
            double[] direction = Directions.Extract(options.Method, plus[point], minus[point], out double? share);
            double length = Vectors.Norm(direction);
            vectors[layer] = Vectors.ToSingle(options.Unit && length > 0 ? Vectors.Scaled(direction, 1 / length) : direction);
            layers.Add(Judge(layer, plus[point], minus[point], direction, length, share));
        }
        vectors.Notes["method"] = options.Method.ToString();
        vectors.Notes["hook"] = options.Hook;
        vectors.Notes["positions"] = options.Positions.ToString();
        vectors.Notes["model"] = LearnedFile.NameOf(model);
        vectors.Notes["prompts"] = $"{positive.Count} positive, {negative.Count} negative";
        return new DirectionReport(vectors, layers);
    }

    private static DirectionQuality Judge(int layer, States plus, States minus, double[] direction, double length, double? share)
    {
        double[] Along(States states) => [.. states.Rows.Select(row => Vectors.Dot(Vectors.ToDouble(row), direction) / length)];
        double[] up = Along(plus), down = Along(minus);
        double gap = up.Average() - down.Average();
        double spread = Math.Sqrt((Variance(up) + Variance(down)) / 2);
        double streamNorm = plus.Rows.Concat(minus.Rows).Average(row => Vectors.Norm(Vectors.ToDouble(row)));
        // states that do not differ have no direction to be told apart along
        double? auc = length > 0 ? new LabelledScores([.. up, .. down], [.. up.Select(_ => true), .. down.Select(_ => false)]).Auroc() : null;
        return new DirectionQuality(layer, length, gap, spread > 0 ? gap / spread : null, auc ?? double.NaN, share, streamNorm);
    }

    private static double Variance(double[] values)
    {
        double mean = values.Average();
        return values.Average(value => (value - mean) * (value - mean));
    }

    private sealed class Offset(IProgress<int> progress, int before) : IProgress<int>
    {
        public void Report(int value) => progress.Report(before + value);
    }
}

/// <summary>How directions are extracted.</summary>
public sealed record DirectionOptions
{
    /// <summary>How the states of the two kinds give a direction.</summary>
    public DirectionMethod Method { get; init; } = DirectionMethod.Mean;

    /// <summary>Hook point, of every block where it names none.</summary>
    public string Hook { get; init; } = "resid_post";

    /// <summary>Which tokens are read.</summary>
    public StatePositions Positions { get; init; } = StatePositions.Last;

    /// <summary>Whether the directions are scaled to length 1.</summary>
    public bool Unit { get; init; }

    /// <summary>A low-rank adapter to run with; null: none.</summary>
    public Adapter? Adapter { get; init; }
}

/// <summary>Directions, and what is known of each.</summary>
/// <param name="Vectors">The directions.</param>
/// <param name="Layers">One entry a layer, ascending.</param>
public sealed record DirectionReport(SteeringVectors Vectors, IReadOnlyList<DirectionQuality> Layers);

/// <summary>How well a direction tells the prompts apart that it was made of.</summary>
/// <param name="Layer">The block.</param>
/// <param name="Length">Length before any scaling.</param>
/// <param name="Gap">Mean projection of the positive states less that of the negative ones, on the unit direction.</param>
/// <param name="Separation">The gap over the mean spread within a kind; null where there is no spread.</param>
/// <param name="Auc">Share of pairs of a positive and a negative state that the projection puts in order.</param>
/// <param name="ExplainedShare">Share of the sum of squares along a principal component; null for other methods.</param>
/// <param name="StateNorm">Mean length of the states: what a strength is to be compared with.</param>
public sealed record DirectionQuality(int Layer, double Length, double Gap, double? Separation, double Auc, double? ExplainedShare, double StateNorm);
