using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>What of a head is trained.</summary>
internal interface IHeadParameters
{
    /// <summary>W u of every row of the batch.</summary>
    void Logits(HeadBatch batch);

    /// <summary>One step along the batch's gradient.</summary>
    void Step(HeadBatch batch, double learningRate);

    OutputHead Head();
}

/// <summary>The whole matrix [vocabulary, width].</summary>
internal sealed class DenseParameters : IHeadParameters
{
    private readonly float[][] rows, gradients; // [vocabulary][width]
    private readonly AdamW<float> optimiser;

    public DenseParameters(float[] start, int width, TrainingOptions options)
    {
        rows = [.. Enumerable.Range(0, start.Length / width).Select(v => start[(v * width)..((v + 1) * width)])];
        gradients = Array.ConvertAll(rows, row => new float[row.Length]);
        optimiser = new AdamW<float>(rows, options.WeightDecay);
    }

    public void Logits(HeadBatch batch) => Multiply(rows, batch.States, batch.Values);

    public void Step(HeadBatch batch, double learningRate)
    {
        Parallel.For(0, rows.Length, v => SumProducts(gradients[v], batch, v, batch.States));
        optimiser.Step(gradients, learningRate);
    }

    public OutputHead Head() => OutputHead.Dense([.. rows.SelectMany(row => row)], rows.Length, rows[0].Length);

    /// <summary>outputs[i][v] = matrix[v] · inputs[i].</summary>
    internal static void Multiply(float[][] matrix, float[][] inputs, float[][] outputs) => Parallel.For(0, matrix.Length, v =>
    {
        for (int i = 0; i < inputs.Length; i++)
            outputs[i][v] = TensorPrimitives.Dot<float>(matrix[v], inputs[i]);
    });

    /// <summary>sum = Σ over the batch's rows of the gradient of word v · states.</summary>
    internal static void SumProducts(float[] sum, HeadBatch batch, int v, float[][] states)
    {
        Array.Clear(sum);
        for (int i = 0; i < batch.Count; i++)
            TensorPrimitives.MultiplyAdd(states[i], batch.Values[i][v], sum, sum);
    }
}

/// <summary>W₀ + up · down, W₀ fixed: up [vocabulary, rank] begins at zero, down [rank, width] with ±1/√width.</summary>
internal sealed class LowRankParameters : IHeadParameters
{
    private readonly float[][] fixedRows, up, down, upGradients, downGradients;
    private readonly AdamW<float> optimiser;
    private float[][] inner = []; // down · u, [rows][rank]

    public LowRankParameters(float[] start, int width, int rank, TrainingOptions options)
    {
        fixedRows = [.. Enumerable.Range(0, start.Length / width).Select(v => start[(v * width)..((v + 1) * width)])];
        up = Array.ConvertAll(fixedRows, _ => new float[rank]);
        var random = new SplitMix(options.Seed + 1);
        down = [.. Enumerable.Range(0, rank).Select(_ => Enumerable.Range(0, width).Select(_ => (float)(((2 * random.NextDouble()) - 1) / Math.Sqrt(width))).ToArray())];
        upGradients = Array.ConvertAll(up, row => new float[row.Length]);
        downGradients = Array.ConvertAll(down, row => new float[row.Length]);
        optimiser = new AdamW<float>([.. up, .. down], options.WeightDecay);
    }

    public void Logits(HeadBatch batch)
    {
        inner = [.. batch.States.Select(_ => new float[down.Length])];
        DenseParameters.Multiply(down, batch.States, inner);
        Parallel.For(0, up.Length, v =>
        {
            for (int i = 0; i < batch.Count; i++)
                batch.Values[i][v] = TensorPrimitives.Dot<float>(fixedRows[v], batch.States[i]) + TensorPrimitives.Dot<float>(up[v], inner[i]);
        });
    }

    public void Step(HeadBatch batch, double learningRate)
    {
        var outer = new float[batch.Count][]; // gradient by `inner`
        Parallel.For(0, batch.Count, i =>
        {
            outer[i] = new float[down.Length];
            for (int v = 0; v < up.Length; v++)
                TensorPrimitives.MultiplyAdd(up[v], batch.Values[i][v], outer[i], outer[i]);
        });
        Parallel.For(0, up.Length, v => DenseParameters.SumProducts(upGradients[v], batch, v, inner));
        Parallel.For(0, down.Length, k =>
        {
            Array.Clear(downGradients[k]);
            for (int i = 0; i < batch.Count; i++)
                TensorPrimitives.MultiplyAdd(batch.States[i], outer[i][k], downGradients[k], downGradients[k]);
        });
        optimiser.Step([.. upGradients, .. downGradients], learningRate);
    }

    public OutputHead Head() => OutputHead.LowRank([.. up.SelectMany(row => row)], [.. down.SelectMany(row => row)], up.Length, down[0].Length, down.Length);
}
