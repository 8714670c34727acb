using Managed.Kernels.Linear;

namespace Managed.Kernels.Experts;

/// <summary>
/// A layer of all experts that were chosen, each for the rows that chose it, as one piece of parallel work: the experts' outputs in pieces of
/// about the same cost, one after the other for whoever is free.
/// </summary>
internal sealed unsafe class ExpertWork(WorkerRooms rooms) : IQueuedWork
{
    private const int PiecesOfWorker = 8; // so that workers end at about the same time
    private const int LeastTokens = 4; // fewer take as long: the weights have to be read
    private const int Passing = 64 << 10; // results that stay in the second-level cache until something is made of them
    private const long LeastPiece = 1 << 18; // multiplications

    private readonly record struct Piece(int Expert, int First, int End);

    private readonly List<Piece> pieces = [];
    private ExpertSlots slots = null!;
    private CpuWeight[] weights = [], seconds = [];
    private Projection layer, other;
    private ExpertInputs inputs;
    private bool fast;
    private bool isGated;
    private QuantisedInput? roundedOutput;
    private ActivationKind activation;
    private float limit;

    public int Parts { get; private set; }

    /// <summary>Each slot's output = its expert's layer of the slot's input.</summary>
    /// <param name="layer">The output, a <see cref="CpuStack"/> and its biases. // [slots, outputs]</param>
    /// <param name="slots">Whose rows these are.</param>
    /// <param name="inputs">What the experts read.</param>
    /// <param name="precision">How quantised weights meet activations.</param>
    public ExpertWork Set(Projection layer, ExpertSlots slots, in ExpertInputs inputs, Precision precision)
    {
        isGated = false;
        SetAll(layer, layer, slots, inputs, precision);
        return this;
    }

    /// <summary>Each slot's output = act(gate of its input) · up of its input.</summary>
    /// <param name="gate">As a layer of <see cref="Set"/>; its output is the result.</param>
    /// <param name="up">Likewise; its output is scratch.</param>
    /// <param name="slots">Whose rows these are.</param>
    /// <param name="inputs">What the experts read.</param>
    /// <param name="kind">The non-linearity.</param>
    /// <param name="bound">Of ClampedSwiglu.</param>
    /// <param name="roundedResult">Where the result is rounded to, too; null: nowhere.</param>
    /// <param name="precision">How quantised weights meet activations.</param>
    public ExpertWork SetGated(
        Projection gate, Projection up, ExpertSlots slots, in ExpertInputs inputs, ActivationKind kind, float bound, in QuantisedInput? roundedResult, Precision precision)
    {
        (isGated, activation, limit, roundedOutput) = (true, kind, bound, roundedResult);
        SetAll(gate, up, slots, inputs, precision);
        return this;
    }

    private void SetAll(Projection layer, Projection other, ExpertSlots slots, in ExpertInputs inputs, Precision precision)
    {
        (weights, seconds) = (((CpuStack)layer.Weight).Parts, ((CpuStack)other.Weight).Parts);
        (this.layer, this.other, this.slots, this.inputs) = (layer, other, slots, inputs);
        fast = precision == Precision.Fast;
        Split();
    }

    // Pieces begin and end with whole blocks of what is rounded, and so with whole cache lines.
    private void Split()
    {
        const int unit = QuantisedInput.Block;
        int outputs = weights[0].Rows, columns = weights[0].Columns;
        long all = 0, products = 0;
        for (int expert = 0; expert < weights.Length; expert++)
            if (slots.Of(expert).Count is > 0 and int count)
            {
                all += Math.Max(count, LeastTokens);
                products += (long)count * outputs * columns * (isGated ? 2 : 1);
            }
        long cost = products * (fast && weights[0].HasFast ? 1 : 3);
        rooms.Greatest = Math.Max(rooms.Greatest, cost);
        pieces.Clear();
        for (int expert = 0; expert < weights.Length; expert++)
        {
            if (slots.Of(expert).Count is not (> 0 and int count))
                continue;
            long rows = all * outputs / (PiecesOfWorker * rooms.Count * Math.Max(count, LeastTokens)), least = LeastPiece / columns / count;
            int size = (int)Math.Clamp(Math.Min(Math.Max(rows, least), Passing / count), 1, outputs), parts = (outputs + size - 1) / size;
            size = ((outputs + parts - 1) / parts + unit - 1) / unit * unit;
            for (int first = 0; first < outputs; first += size)
                pieces.Add(new Piece(expert, first, Math.Min(first + size, outputs)));
        }
        Parts = rooms.Count == 1 || cost <= rooms.WorthSharing ? 1 : pieces.Count;
    }

    // The first weights of the worker's own piece.
    public void Ask(int worker)
    {
        if (worker < Parts)
            LinearArguments.Prefetch(weights[pieces[worker].Expert].Place(pieces[worker].First), LinearArguments.PackedDistance);
    }

    public void Run(int part, int worker)
    {
        float* scratch = rooms[worker].Floats(LinearWork.KernelScratch(weights[0].Columns));
        if (Parts > 1)
            Compute(pieces[part], scratch);
        else
            foreach (Piece piece in pieces)
                Compute(piece, scratch);
    }

    private void Compute(Piece piece, float* scratch)
    {
        (int begin, int count) = slots.Of(piece.Expert);
        Compute(weights[piece.Expert], layer, piece, begin, count, scratch);
        if (!isGated)
            return;
        Compute(seconds[piece.Expert], other, piece, begin, count, scratch);
        for (int slot = begin; slot < begin + count; slot++)
        {
            float* result = layer.Output.Row(slot);
            Activations.Apply(result + piece.First, result + piece.First, other.Output.Row(slot) + piece.First, piece.End - piece.First, activation, limit);
            roundedOutput?.Quantise(slot, result, piece.First, piece.End);
        }
    }

    private void Compute(CpuWeight weight, in Projection whole, Piece piece, int begin, int count, float* scratch)
    {
        float* biases = whole.Bias.Pointer();
        LinearArguments arguments = weight.Arguments with
        {
            Output = whole.Output.Row(begin),
            OutputStride = whole.Output.Stride,
            Input = inputs.Plain is { } plain ? plain.Row(inputs.IsShared ? 0 : begin) : null,
            InputStride = inputs.Plain?.Stride ?? 0,
            Tokens = count,
            Quantised = inputs.IsShared ? inputs.Rounded : inputs.Rounded.Slice(begin),
            Bias = biases == null ? null : biases + ((long)piece.Expert * weight.Rows),
        };
        weight.Compute(arguments, piece.First, piece.End, scratch, fast ? Precision.Fast : Precision.Exact);
    }
}

/// <summary>What experts read: a row for each slot, or the one token's row for all.</summary>
/// <param name="Plain">The rows; null: nobody reads them so. // [slots or 1, columns]</param>
/// <param name="Rounded">The same in 8 bits, where weights are such as take them.</param>
/// <param name="IsShared">One row for all.</param>
internal readonly record struct ExpertInputs(Rows? Plain, QuantisedInput Rounded, bool IsShared);
