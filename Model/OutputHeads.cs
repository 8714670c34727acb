using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>
/// The logits of the final norm's output: each row's by its own head. Where rows of a step have different matrices, they are put in order
/// so that every matrix is read once, by the rows that are its own.
/// </summary>
internal sealed class OutputHeads(ForwardPass pass, LinearLayer own)
{
    private readonly List<Weight> matrices = [];
    private int[] order = [], inverse = [];

    /// <summary>logits = head(normed).</summary>
    /// <param name="logits">[rows, vocabulary]</param>
    /// <param name="normed">[rows, width]</param>
    /// <param name="everywhere">Whether the rows are all tokens of the step; else each sequence's last one.</param>
    public void Apply(Rows logits, Rows normed, bool everywhere)
    {
        StepPlan plan = pass.Plan;
        FindMatrices(plan);
        if (matrices.Count == 1)
            Multiply(logits, normed, matrices[0]);
        else
            Grouped(logits, normed, everywhere);
        foreach (AdapterPass.Run run in pass.Adapters.Runs)
            for (int s = run.First, next; s < run.End; s = next)
            {
                bool isOwn = MatrixOf(s) == own.Matrix;
                for (next = s + 1; next < run.End && isOwn == (MatrixOf(next) == own.Matrix); next++)
                {
                }
                if (isOwn)
                    pass.Adapters.Add(run.Adapter, Part(logits, s, next, everywhere), Part(normed, s, next, everywhere), own, pass.Precision);
            }
        for (int s = 0, next; s < plan.SequenceCount; s = next)
        {
            HeadSwap? head = pass.Sequences[s].Head;
            for (next = s + 1; next < plan.SequenceCount && pass.Sequences[next].Head == head; next++)
            {
            }
            if (head is { Down: { } down, Up: { } up })
                AddLowRank(Part(logits, s, next, everywhere), Part(normed, s, next, everywhere), down, up);
        }
    }

    private Weight MatrixOf(int sequence) => pass.Sequences[sequence].Head?.Matrix ?? own.Matrix;

    private Weight MatrixOfRow(int row, bool everywhere) => MatrixOf(everywhere ? pass.Plan.SequenceOf[row] : row);

    private Rows Part(Rows rows, int sequence, int end, bool everywhere)
    {
        (int first, int last) = everywhere ? (pass.Plan.SequenceStart[sequence], pass.Plan.SequenceStart[end]) : (sequence, end);
        return rows.Slice(first, last - first);
    }

    private void FindMatrices(StepPlan plan)
    {
        matrices.Clear();
        for (int s = 0; s < plan.SequenceCount; s++)
            if (MatrixOf(s) is var matrix && !matrices.Contains(matrix))
                matrices.Add(matrix);
    }

    private void Multiply(Rows output, Rows input, Weight matrix) => pass.Device.Linear([new Projection(output, matrix, own.Bias)], input, pass.Precision);

    // Matrix by matrix, in order of appearance. Rows that stand so already are computed where they are.
    private void Grouped(Rows logits, Rows normed, bool everywhere)
    {
        int count = normed.Count, placed = 0;
        if (order.Length < count)
            (order, inverse) = (new int[count], new int[count]);
        bool inPlace = true;
        foreach (Weight matrix in matrices)
            for (int row = 0; row < count; row++)
                if (MatrixOfRow(row, everywhere) == matrix)
                {
                    inPlace &= row == placed;
                    (order[placed], inverse[row]) = (row, placed);
                    placed++;
                }
        Rows input = normed, output = logits;
        if (!inPlace)
        {
            (input, output) = (pass.Rows(Scratch.HeadInputs, count, normed.Width), pass.Rows(Scratch.HeadLogits, count, logits.Width));
            pass.Device.Gather(input, normed, order.AsSpan(0, count));
        }
        for (int first = 0, end; first < count; first = end)
        {
            Weight matrix = MatrixOfRow(order[first], everywhere);
            for (end = first + 1; end < count && MatrixOfRow(order[end], everywhere) == matrix; end++)
            {
            }
            Multiply(output.Slice(first, end - first), input.Slice(first, end - first), matrix);
        }
        if (!inPlace)
            pass.Device.Gather(logits, output, inverse.AsSpan(0, count));
    }

    private void AddLowRank(Rows logits, Rows normed, Weight down, Weight up)
    {
        Rows low = pass.Rows(Scratch.AdapterDown, normed.Count, down.Rows), high = pass.Rows(Scratch.AdapterUp, normed.Count, logits.Width);
        pass.Device.Linear([new Projection(low, down)], normed, pass.Precision);
        pass.Device.Linear([new Projection(high, up)], low, pass.Precision);
        pass.Device.Add(logits, logits, high);
    }
}
