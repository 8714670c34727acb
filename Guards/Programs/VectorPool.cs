using System.Runtime.InteropServices;
using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>The tensors of a program behind each other, each once.</summary>
internal sealed class VectorPool(IReadOnlyDictionary<string, GuardTensor> tensors)
{
    private readonly List<float> values = [];
    private readonly Dictionary<string, int> known = [];

    public ReadOnlySpan<float> Values => CollectionsMarshal.AsSpan(values);

    /// <summary>Gives an instruction its numbers: where its tensors begin, their sizes, the length of its vector.</summary>
    public void Bind(ref EditInstruction op, GuardStep step, int width, List<int> indices)
    {
        switch (op.Kind)
        {
            case EditKind.LinearProbe:
                op.Vector = Put(step.Tensors["weight"], Of(step, "weight").Values);
                op.Bias = step.Tensors.ContainsKey("bias") ? Of(step, "bias").Values[0] : 0;
                op.Link = step.Link == "none" ? EditLink.None : EditLink.Sigmoid;
                break;
            case EditKind.MlpProbe:
                (op.Rank, op.Classes, op.Class) = (Of(step, "bias1").Values.Length, Of(step, "bias2").Values.Length, step.Class);
                op.Link = step.Link == "none" ? EditLink.None : EditLink.Softmax;
                op.Vector = Put(string.Join('\n', "mlp", step.Tensors["weight1"], step.Tensors["bias1"], step.Tensors["weight2"], step.Tensors["bias2"]),
                    Of(step, "weight1").Values, Of(step, "bias1").Values, Of(step, "weight2").Values, Of(step, "bias2").Values);
                break;
            case EditKind.LowRank:
                op.Rank = Of(step, "down").Shape[0];
                op.Link = step.Link == "relu" ? EditLink.Relu : EditLink.None;
                float[] bias = step.Tensors.ContainsKey("bias") ? Of(step, "bias").Values : new float[op.Rank];
                op.Vector = Put(string.Join('\n', "low", step.Tensors["down"], step.Tensors.GetValueOrDefault("bias", ""), step.Tensors["up"]),
                    Of(step, "down").Values, bias, Transposed(Of(step, "up").Values, width, op.Rank));
                break;
            case EditKind.AddSparse:
                Sparse(ref op, step, indices);
                break;
            case EditKind.Replace when step.Tensors.Count == 0:
            case EditKind.Length or EditKind.Record or EditKind.Scale or EditKind.Custom or EditKind.Gate:
                break;
            default:
                float[] vector = Of(step, "vector").Values;
                bool unit = step.Unit || op.Kind is EditKind.ProjectOut or EditKind.ClampProjection;
                op.Vector = unit ? Put("unit\n" + step.Tensors["vector"], Unit(vector)) : Put(step.Tensors["vector"], vector);
                op.Norm = unit ? 1 : Length(vector);
                op.Alone = step.OfBuffer ? 1 : 0;
                op.Link = step.Link == "tanh" ? EditLink.Tanh : EditLink.None;
                break;
        }
    }

    private void Sparse(ref EditInstruction op, GuardStep step, List<int> indices)
    {
        float[] vector = Of(step, "vector").Values;
        if (step.Unit)
            vector = Unit(vector);
        int[] chosen = step.Keep > 0
            ? [.. Enumerable.Range(0, vector.Length).OrderByDescending(i => MathF.Abs(vector[i])).ThenBy(i => i).Take(step.Keep).Order()]
            : step.Indices;
        float[] kept = step.Keep > 0 || vector.Length != chosen.Length ? [.. chosen.Select(i => vector[i])] : vector;
        (op.Rank, op.Indices, op.Norm) = (chosen.Length, indices.Count, Length(kept));
        indices.AddRange(chosen);
        op.Vector = Put($"sparse\n{indices.Count}\n{step.Tensors["vector"]}", kept);
    }

    private GuardTensor Of(GuardStep step, string role) => tensors[step.Tensors[role]];

    private int Put(string name, params float[][] parts)
    {
        if (known.TryGetValue(name, out int at))
            return at;
        known[name] = at = values.Count;
        foreach (float[] part in parts)
            values.AddRange(part);
        while (values.Count % 8 != 0)
            values.Add(0); // every vector begins where a vector register may load it whole
        return at;
    }

    private static float[] Unit(float[] vector)
    {
        double length = LengthOf(vector);
        return Array.ConvertAll(vector, value => (float)(value / length));
    }

    private static float Length(float[] vector) => (float)LengthOf(vector);

    private static double LengthOf(float[] vector)
    {
        double sum = 0;
        foreach (float value in vector)
            sum += (double)value * value;
        return Math.Sqrt(sum);
    }

    private static float[] Transposed(float[] matrix, int rows, int columns)
    {
        var transposed = new float[matrix.Length];
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++)
                transposed[(c * rows) + r] = matrix[(r * columns) + c];
        return transposed;
    }
}
