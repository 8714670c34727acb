using System.Numerics.Tensors;
using Managed.Cache;
using Managed.Cli.Bench;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed.Peers;

/// <summary>This project, as generation drives it: fast precision, prompts in its own chunks.</summary>
internal sealed class ManagedEngine : IEngine
{
    private readonly LanguageModel model;
    private readonly Transformer transformer;
    private readonly List<IDisposable> hooks = [];
    private readonly Precision precision;
    private Sequence[] sequences = [];
    private StepInput[] inputs = [];
    private int[][] tokens = []; // [rows][steps]
    private int filled = -1;

    public ManagedEngine(string path, int threads, Precision precision = Precision.Fast)
    {
        model = LanguageModel.Load(path, new LoadOptions { Threads = threads });
        transformer = model.Transformer;
        this.precision = precision;
        transformer.Precision = precision;
    }

    public string Description => $"Managed, {model.Device.Name}, {precision} precision";

    public int Vocabulary => model.VocabularySize;

    /// <summary>Bytes that a token at a position reads, weights and cache apart.</summary>
    public TokenWork Work(int position) => TokenWork.At(model, position);

    public Elapsed Run(RaceCase work)
    {
        Prepare(work);
        (Elapsed time, int chosen) = Elapsed.Of(() => work.IsPrompt ? Read(sequences[0], tokens[0]) : Decode(work));
        if (chosen < 0)
            throw new PeerException("Our logits are not numbers.");
        filled = work.Context;
        return time;
    }

    public float[] Logits(ReadOnlySpan<int> ids)
    {
        using Sequence sequence = transformer.Cache.Create();
        return transformer.View(transformer.Forward([new StepInput(sequence, ids.ToArray())], LogitsWanted.Last, model.Hooks)).Row(0).ToArray();
    }

    public void Steer(float[] vectors, int width)
    {
        hooks.ForEach(hook => hook.Dispose());
        hooks.Clear();
        for (int layer = 1; layer <= vectors.Length / Math.Max(width, 1); layer++)
        {
            float[] vector = vectors[((layer - 1) * width)..(layer * width)];
            if (vector.AsSpan().ContainsAnyExcept(0f))
                hooks.Add(model.Hook($"blocks.{layer}.hook_resid_post", (stream, _) =>
                {
                    for (int row = 0; row < stream.Rows; row++)
                        stream.Row(row).AddScaled(1f, vector);
                }));
        }
    }

    // Rows with a context of their own each: read once, copied for the others.
    private void Prepare(RaceCase work)
    {
        if (sequences.Length != work.Rows || filled != work.Context || work.Context == 0)
        {
            Array.ForEach(sequences, sequence => sequence.Dispose());
            if (sequences.Length != work.Rows)
                transformer.Cache.Trim();
            sequences = new Sequence[work.Rows];
            sequences[0] = transformer.Cache.Create();
            if (work.Context > 0)
                Read(sequences[0], RaceCase.TokenRun(0, 0, work.Context, Vocabulary));
            for (int row = 1; row < work.Rows; row++)
            {
                sequences[row] = sequences[0].Fork();
                sequences[row].MakePrivate();
            }
        }
        inputs = new StepInput[work.Rows];
        tokens = new int[work.Rows][];
        for (int row = 0; row < work.Rows; row++)
        {
            sequences[row].Truncate(work.Context);
            sequences[row].Reserve(work.Positions);
            tokens[row] = RaceCase.TokenRun(row, work.Context, work.Tokens, Vocabulary);
        }
    }

    private int Read(Sequence sequence, int[] ids)
    {
        for (int first = 0; ; first += GenerationBatch.PromptChunk)
        {
            ReadOnlyMemory<int> piece = ids.AsMemory(first, Math.Min(GenerationBatch.PromptChunk, ids.Length - first));
            bool isLast = first + piece.Length == ids.Length;
            Rows logits = transformer.Forward([new StepInput(sequence, piece)], isLast ? LogitsWanted.Last : LogitsWanted.None);
            if (isLast)
                return Likeliest(transformer.View(logits).Row(0));
        }
    }

    private int Decode(RaceCase work)
    {
        int chosen = 0;
        for (int step = 0; step < work.Tokens; step++)
        {
            for (int row = 0; row < work.Rows; row++)
                inputs[row] = new StepInput(sequences[row], tokens[row].AsMemory(step, 1));
            Span2D logits = transformer.View(transformer.Forward(inputs, LogitsWanted.Last));
            for (int row = 0; row < work.Rows; row++)
                chosen = Math.Min(chosen, Likeliest(logits.Row(row)));
        }
        return chosen;
    }

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        int best = TensorPrimitives.IndexOfMax(logits);
        return float.IsFinite(logits[best]) ? best : -1;
    }

    public void Dispose()
    {
        Array.ForEach(sequences, sequence => sequence.Dispose());
        model.Dispose();
    }
}
