using System.Numerics.Tensors;
using static Managed.Peers.LlamaCpp;

namespace Managed.Peers;

/// <summary>llama.cpp with its defaults: flash attention as it chooses, 16-bit keys and values, weights repacked where it repacks them, a lasting pool of threads.</summary>
internal sealed unsafe class LlamaEngine : IEngine
{
    private const int MostBatch = 2048;
    private readonly nint model;
    private readonly nint pool;
    private readonly int threads;
    private readonly LlamaBatch batch;
    private readonly delegate* unmanaged<nint, void> freePool;
    private nint context;
    private int rows, positions, filled = -1; // of the context: sequences, positions of each, and how many hold what decoding continues
    private (float[] Vectors, int Width) steering = ([], 0);

    public LlamaEngine(string path, int threads)
    {
        Load();
        this.threads = threads;
        model = llama_model_load_from_file(path, llama_model_default_params());
        if (model == 0)
            throw new PeerException($"{path}: llama.cpp does not load it: {LastWords}");
        Vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
        LlamaThreadParameters parameters = ggml_threadpool_params_default(threads);
        parameters.Check(threads);
        pool = ((delegate* unmanaged<LlamaThreadParameters*, nint>)BackendFunction("ggml_threadpool_new"))(&parameters);
        freePool = (delegate* unmanaged<nint, void>)BackendFunction("ggml_threadpool_free");
        batch = llama_batch_init(MostBatch, 0, 1);
    }

    public string Description => LlamaCpp.Description;

    public int Vocabulary { get; }

    /// <summary>Of the residual stream.</summary>
    public int Width => llama_model_n_embd(model);

    public Elapsed Run(RaceCase work)
    {
        Open(work.Rows, work.Positions);
        Fill(work.Context);
        (Elapsed time, int chosen) = Elapsed.Of(() => work.IsPrompt ? Read(0, 0, work.Tokens) : Decode(work));
        if (chosen < 0)
            throw new PeerException("llama.cpp's logits are not numbers.");
        filled = work.IsPrompt ? -1 : work.Context;
        return time;
    }

    public float[] Logits(ReadOnlySpan<int> tokens)
    {
        Open(1, tokens.Length);
        Fill(0);
        LlamaBatch input = batch;
        for (int i = 0; i < tokens.Length; i++)
            Put(ref input, tokens[i], i, 0, i == tokens.Length - 1);
        Compute(input);
        filled = -1;
        return new ReadOnlySpan<float>(llama_get_logits_ith(context, -1), Vocabulary).ToArray();
    }

    public void Steer(float[] vectors, int width)
    {
        steering = (vectors, width);
        Apply();
    }

    private void Apply()
    {
        if (context == 0 || steering.Width == 0)
            return;
        fixed (float* data = steering.Vectors)
            if (llama_set_adapter_cvec(context, steering.Vectors.Length == 0 ? null : data, (nuint)steering.Vectors.Length, steering.Width, 1, llama_model_n_layer(model)) != 0)
                throw new PeerException("llama.cpp refuses the control vector.");
    }

    // A context holds as many sequences and positions as the case needs, as in llama.cpp's own benchmark.
    private void Open(int wantedRows, int wantedPositions)
    {
        if (context != 0 && rows == wantedRows && positions == wantedPositions)
            return;
        if (context != 0)
            llama_free(context);
        LlamaContextParameters parameters = llama_context_default_params();
        parameters.Context = (uint)(wantedRows * wantedPositions);
        parameters.Sequences = (uint)wantedRows;
        parameters.Threads = parameters.BatchThreads = threads;
        context = llama_init_from_model(model, parameters);
        if (context == 0)
            throw new PeerException($"llama.cpp makes no context of {wantedRows} × {wantedPositions} positions: {LastWords}");
        llama_attach_threadpool(context, pool, pool);
        (rows, positions, filled) = (wantedRows, wantedPositions, -1);
        Apply();
    }

    // Every row holds the tokens of row 0 up to a position: read once, copied for the others.
    private void Fill(int length)
    {
        nint memory = llama_get_memory(context);
        if (filled == length && length > 0)
        {
            for (int row = 0; row < rows; row++)
                if (!llama_memory_seq_rm(memory, row, length, -1))
                    throw new PeerException("llama.cpp cannot forget the end of a sequence.");
            return;
        }
        llama_memory_clear(memory, false);
        if (length > 0)
            Read(0, 0, length);
        for (int row = 1; row < rows && length > 0; row++)
            llama_memory_seq_cp(memory, 0, row, -1, -1);
        filled = length;
    }

    // Tokens of a row from a position on; the likeliest token behind the last.
    private int Read(int row, int first, int count)
    {
        for (int done = 0; done < count;)
        {
            int piece = Math.Min(MostBatch, count - done);
            LlamaBatch input = batch;
            input.Count = 0;
            for (int i = 0; i < piece; i++)
                Put(ref input, RaceCase.Token(row, first + done + i, Vocabulary), first + done + i, row, done + i == count - 1);
            Compute(input);
            done += piece;
        }
        return Likeliest(-1);
    }

    private int Decode(RaceCase work)
    {
        int chosen = 0;
        for (int step = 0; step < work.Tokens; step++)
        {
            LlamaBatch input = batch;
            input.Count = 0;
            for (int row = 0; row < work.Rows; row++)
                Put(ref input, RaceCase.Token(row, work.Context + step, Vocabulary), work.Context + step, row, true);
            Compute(input);
            for (int row = 0; row < work.Rows; row++)
                chosen = Math.Min(chosen, Likeliest(row));
        }
        return chosen;
    }

    private static void Put(ref LlamaBatch input, int token, int position, int row, bool output)
    {
        int at = input.Count++;
        input.Tokens[at] = token;
        input.Positions[at] = position;
        input.SequenceCounts[at] = 1;
        input.Sequences[at][0] = row;
        input.Outputs[at] = output ? (sbyte)1 : (sbyte)0;
    }

    private void Compute(LlamaBatch input)
    {
        int code = llama_decode(context, input);
        if (code != 0)
            throw new PeerException($"llama_decode gave {code}: {LastWords}");
        llama_synchronize(context);
    }

    private int Likeliest(int index)
    {
        var logits = new ReadOnlySpan<float>(llama_get_logits_ith(context, index), Vocabulary);
        int best = TensorPrimitives.IndexOfMax(logits);
        return float.IsFinite(logits[best]) ? best : -1;
    }

    public void Dispose()
    {
        llama_batch_free(batch);
        if (context != 0)
            llama_free(context);
        freePool(pool);
        llama_model_free(model);
    }
}
