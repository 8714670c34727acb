using Managed.Kernels.Guidance;

namespace Managed.Kernels;

/// <summary>
/// The transformer's instruction set. Arguments stand in the order of data flow: outputs, inputs, weights, settings.
/// </summary>
/// <remarks>
/// Every operation is deterministic per row: an output row depends on its own input rows alone, bit for bit,
/// whatever the number of rows, the split into steps, or the number of threads.
/// The calls of one forward pass are made by one thread; results are visible to <see cref="Span"/> after <see cref="Synchronize"/>.
/// </remarks>
internal interface IDevice : IDisposable
{
    /// <summary>The device in words, for receipts and reports.</summary>
    string Name { get; }

    /// <summary>Memory for `length` float32, zeroed.</summary>
    DeviceBuffer Allocate(long length);

    /// <summary>Makes a weight matrix usable: on the CPU in place, without a copy.</summary>
    Weight CreateWeight(in WeightSource source);

    /// <summary>Matrices of one type and shape as one, one below the other; null where they differ. Only where <see cref="ChoosesExperts"/>.</summary>
    /// <param name="sources">The matrices.</param>
    /// <param name="parts">Each by itself, in the memory of the whole. // [sources]</param>
    Weight? TryStack(ReadOnlySpan<WeightSource> sources, Span<Weight> parts) => null;

    /// <summary>Gets ready for weights of these types, without keeping the caller waiting.</summary>
    void Prepare(IEnumerable<WeightType> types, Precision precision)
    {
    }

    /// <summary>How quantised weights meet activations here when this is asked for.</summary>
    Precision Effective(Precision wanted) => wanted;

    /// <summary>
    /// Whether a row has the same bits in any batch also where activations are rounded. A GPU is faster without; a processor knows no other way.
    /// </summary>
    bool KeepsBits
    {
        get => true;
        set { }
    }

    /// <summary>Copies host values into a new buffer (norm gains, biases).</summary>
    DeviceBuffer Upload(ReadOnlySpan<float> values);

    /// <summary>Waits until everything asked for is done.</summary>
    void Synchronize();

    /// <summary>The buffer's values in host memory: on the CPU the memory itself, editable in place.</summary>
    Span<float> Span(DeviceBuffer buffer, long start, int length);

    /// <summary>The buffer's values in host memory, to look at: what is changed there the device need not see. Valid until the device next uses the buffer.</summary>
    Span<float> Read(DeviceBuffer buffer, long start, int length) => Span(buffer, start, length);

    /// <summary>Memory of the host for <see cref="Keep(Memory{float}, Rows)"/>; its contents are anything. Nobody need give it back.</summary>
    Memory<float> RentHost(int length) => GC.AllocateUninitializedArray<float>(length);

    /// <summary>Gives memory back before nobody refers to it any more, for the next who asks.</summary>
    void ReturnHost(Memory<float> memory)
    {
    }

    /// <summary>
    /// target = values as they are now, packed. A device need not wait for that: the target may be read after <see cref="Synchronize"/>.
    /// </summary>
    /// <param name="target">From <see cref="RentHost"/>, all of it. // [rows, width]</param>
    /// <param name="values">What is kept.</param>
    void Keep(Memory<float> target, Rows values) => ComposedOperations.Keep(this, target.Span, values);

    /// <inheritdoc cref="Keep(Memory{float}, Rows)"/>
    /// <param name="target">From <see cref="RentHost"/>, all of it. // [chosen rows, width]</param>
    /// <param name="values">Of which these are kept:</param>
    /// <param name="rows">The chosen rows, in the order of the target.</param>
    void Keep(Memory<float> target, Rows values, ReadOnlySpan<int> rows) => ComposedOperations.Keep(this, target.Span, values, rows);

    /// <summary>
    /// Runs the operations of a step. With a key, a device may record them the first time and play the recording for every later step of
    /// that key: then the operations must do nothing but call this device, with the same arguments but for the plan.
    /// </summary>
    /// <param name="plan">The step; its tokens and positions may differ from those of the recording.</param>
    /// <param name="layout">The cache's layout of any layer: all have the same pages.</param>
    /// <param name="key">What makes steps alike; null: not to be recorded.</param>
    /// <param name="operations">The step; gives its results.</param>
    Rows Step(StepPlan plan, in CacheLayout layout, StepKey? key, Func<Rows> operations) => operations();

    /// <summary>output[t] = scale · table[tokens[t]].</summary>
    void Embed(Rows output, StepPlan plan, Weight table, float scale);

    /// <summary>output[t] = table[positions[t] + offset]: learned positions.</summary>
    void EmbedPositions(Rows output, StepPlan plan, Weight table, int offset);

    /// <summary>output = gain · (input, centred if Layer) / scale + bias, scale = √(mean square + ε).</summary>
    void Norm(Rows output, Rows input, NormSettings settings);

    /// <summary>First part of <see cref="Norm"/>: the divisor of each row and segment, [rows, segments].</summary>
    void NormScale(Rows scale, Rows input, NormSettings settings);

    /// <summary>Second part: the input (centred if Layer) divided by its scale.</summary>
    void NormDivide(Rows normalized, Rows input, Rows scale, NormSettings settings);

    /// <summary>Third part: gain and bias. The three parts together give the bits of <see cref="Norm"/>.</summary>
    void NormGain(Rows output, Rows normalized, NormSettings settings);

    /// <summary>Whether a <see cref="Linear"/> of layers of different types, up to four of them, costs less than one for each type.</summary>
    bool MixesTypes => true;

    /// <summary>Several linear layers of one input, in one parallel region.</summary>
    void Linear(ReadOnlySpan<Projection> projections, Rows input, Precision precision);

    /// <summary>stream += weight · input + bias; the projection's output is scratch, whose contents are anything afterwards.</summary>
    void LinearAdd(Rows stream, Projection projection, Rows input, Precision precision) =>
        ComposedOperations.LinearAdd(this, stream, projection, input, precision);

    /// <summary>output = act(gate · input) · (up · input); the projections' outputs are scratch, whose contents are anything afterwards.</summary>
    void LinearGated(Rows output, Projection gate, Projection up, Rows input, ActivationKind kind, float limit, Precision precision) =>
        ComposedOperations.LinearGated(this, output, gate, up, input, kind, limit, precision);

    /// <summary>
    /// stream += down · (act(gate · input) · (up · input)), in one piece; false, and nothing is done, where the parts do as well.
    /// The projections' outputs are not used.
    /// </summary>
    bool TryGatedMlpAdd(Rows stream, Projection down, Projection gate, Projection up, Rows input, ActivationKind kind, Precision precision) => false;

    /// <summary>Rotates `heads` heads of `headDimension` in place, on the dimensions from `first` on. One table per sequence of the step.</summary>
    void Rope(Rows vectors, StepPlan plan, int heads, int headDimension, int first, ReadOnlySpan<RopeTable> tables);

    /// <summary>Writes this step's keys and values to the cache pages.</summary>
    void StoreKeyValue(StepPlan plan, in CacheLayout layout, Rows keys, Rows values);

    /// <summary>
    /// Norms each head of queries and keys (where there are norms), rotates both (where there are tables), and writes keys and values to the
    /// cache. `keys` holds anything afterwards, and `queries` once attention has met them.
    /// </summary>
    void RotateAndStore(
        StepPlan plan, in CacheLayout layout, Rows queries, Rows keys, Rows values, NormSettings? queryNorm, NormSettings? keyNorm, int first, ReadOnlySpan<RopeTable> tables) =>
        ComposedOperations.RotateAndStore(this, plan, layout, queries, keys, values, queryNorm, keyNorm, first, tables);

    /// <summary>output[t] = softmax(scores of t) · values, per head: [tokens, heads · valueDimension].</summary>
    void Attention(Rows output, Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings);

    /// <summary>
    /// First part of <see cref="Attention"/> for one sequence: scores [heads, queries, keys], keys = last position + 1; masked entries −∞.
    /// </summary>
    void AttentionScores(Rows scores, Rows queries, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings);

    /// <summary>Second part: softmax of each row of keys; a fully masked row gives zeros.</summary>
    void AttentionPattern(Rows pattern, Rows scores, int queries, AttentionSettings settings);

    /// <summary>Third part: pattern · values. The three parts together give the bits of <see cref="Attention"/>.</summary>
    void AttentionMix(Rows output, Rows pattern, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings);

    /// <summary>output = act(gate) · up, or act(gate) where `up` is null. `limit` bounds ClampedSwiglu.</summary>
    void Activate(Rows output, Rows gate, Rows? up, ActivationKind kind, float limit = 0f);

    /// <summary>output = a + scale · b.</summary>
    void Add(Rows output, Rows a, Rows b, float scale = 1f);

    /// <summary>output = scale · input.</summary>
    void Scale(Rows output, Rows input, float scale);

    /// <summary>x = clamp(x, −limit, limit).</summary>
    void Clamp(Rows values, float limit);

    /// <summary>values = cap · tanh(values / cap).</summary>
    void SoftCap(Rows values, float cap);

    /// <summary>values[t, j] = values[t, j] · factors[t]: a per-row gate.</summary>
    void ScaleRows(Rows values, Rows factors);

    /// <summary>output[i] = input[indices[i]].</summary>
    void Gather(Rows output, Rows input, ReadOnlySpan<int> indices);

    /// <summary>
    /// Expert choice of each row, on the host: indices and weights by descending weight (ties: lower index first).
    /// </summary>
    void Route(Span<int> indices, Span<float> weights, Rows logits, RouterSettings settings); // [rows, Chosen]

    /// <summary>
    /// output[t] = Σ_j weights[t, j] · parts[slots[t, j]], j ascending: the experts' results in the order of choice.
    /// </summary>
    void Combine(Rows output, Rows parts, ReadOnlySpan<int> slots, ReadOnlySpan<float> weights, int chosen);

    /// <summary>Whether <see cref="Experts"/> can be asked for.</summary>
    bool ChoosesExperts(RouterSettings routing) => false;

    /// <summary>
    /// output[t] = Σ_j w_j · down_e · (act(gate_e · x) · (up_e · x)), x = input[t], for the experts e and weights w of <see cref="Route"/>, the best
    /// first; a device of its own has no word with the host about it. The projections' weights and biases are all experts', one below the other; their outputs are scratch.
    /// </summary>
    /// <param name="output">// [tokens, width]</param>
    /// <param name="down">Scratch // [tokens · Chosen, width]</param>
    /// <param name="gate">Scratch // [tokens · Chosen, inner width]</param>
    /// <param name="up">Scratch // [tokens · Chosen, inner width]</param>
    /// <param name="input">// [tokens, width]</param>
    /// <param name="logits">The router's. // [tokens, Experts]</param>
    /// <param name="routing">How experts are chosen.</param>
    /// <param name="kind">The non-linearity.</param>
    /// <param name="limit">Bounds ClampedSwiglu.</param>
    /// <param name="precision">How quantised weights meet activations.</param>
    void Experts(
        Rows output, Projection down, Projection gate, Projection up, Rows input, Rows logits, RouterSettings routing, ActivationKind kind, float limit, Precision precision) =>
        throw new NotSupportedException($"{Name} leaves the choice of experts to the host.");

    /// <summary>
    /// Runs, on each token's row, the instructions that its sequence's program has at a hook point; rows without a program stay as they are.
    /// </summary>
    void Edit(Rows values, StepPlan plan, int site); // [tokens, width]

    /// <summary>Whether <see cref="TryBest"/> makes lists of tokens that lead, sets tokens aside and knows a constraint's bits; else it is asked for none of these.</summary>
    bool ListsTokens => false;

    /// <summary>
    /// For each choice, the token with the greatest score after the choice's stages, the lowest among equals; −1: only the host can say,
    /// because a logit or a score on the way is +∞ or not a number, or no token is left, or the list that is wanted cannot be had. False, and nothing is done, where the host does as
    /// well or a stage is the host's alone.
    /// </summary>
    bool TryBest(Span<int> tokens, Rows logits, LogitChoices choices) => false; // [choices]

    /// <summary>Does work of the host in so many parts, on threads of the device's own where it computes on the host.</summary>
    void Run(IParallelWork work, int parts)
    {
        for (int part = 0; part < parts; part++)
            work.Run(part, parts);
    }

    /// <summary>output = softmax of each row.</summary>
    void Softmax(Rows output, Rows input);
}
