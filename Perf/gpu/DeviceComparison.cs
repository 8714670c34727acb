using Managed.Kernels;

namespace Managed.GpuPerf;

/// <summary>One model on two devices: logits within a bound, the same choices, the same tokens; and the same bits in every batch.</summary>
/// <param name="figures">Where the results go.</param>
/// <param name="model">The model on the device.</param>
/// <param name="processor">The same one on the processor.</param>
/// <param name="precision">That of the device.</param>
/// <param name="text">Token ids, in pieces of the model's context at most.</param>
internal sealed class DeviceComparison(Figures figures, LanguageModel model, LanguageModel processor, Precision precision, int[] text)
{
    private const double LogitBound = 1e-2, AgreementBound = 0.99;
    private const int NewTokens = 32;
    private static readonly int[] s_batches = [1, 2, 7, 64];

    public void Run()
    {
        figures.Try("logits", Logits);
        figures.Try("greedy tokens", Tokens);
        model.Device.KeepsBits = true; // fast kernels promise a row's bits in this mode alone
        figures.Try("bits in batches", Bits);
    }

    // Every position's logits: how far they are off, and whether the same token leads.
    private void Logits()
    {
        double worst = 0, largest = 0;
        int agreed = 0, width = model.VocabularySize;
        foreach (int[] window in text.Chunk(model.ContextLength))
        {
            ReadOnlySpan<float> here = model.Run(window).Output.Values, there = processor.Run(window).Output.Values;
            for (int position = 0; position < window.Length; position++)
            {
                ReadOnlySpan<float> a = here.Slice(position * width, width), b = there.Slice(position * width, width);
                for (int i = 0; i < width; i++)
                {
                    if (!float.IsFinite(a[i]))
                        throw new InvalidOperationException($"position {position}: found the logit {a[i]}; expected a number");
                    worst = Math.Max(worst, Math.Abs(a[i] - b[i]));
                    largest = Math.Max(largest, Math.Abs(b[i]));
                }
                if (Largest(a) == Largest(b))
                    agreed++;
            }
        }
        double share = agreed / (double)text.Length;
        figures.Add($"logits of {text.Length} tokens, largest error / largest logit", $"{worst / largest:0.00e+0}", $"bar {LogitBound}");
        figures.Add("same most likely token", $"{share * 100:0.00} %", $"bar {AgreementBound * 100} %");
        if (worst / largest > LogitBound || share < AgreementBound)
            throw new InvalidOperationException("a bar is missed");
    }

    // Greedy continuations; the first token that differs.
    private void Tokens()
    {
        int[] prompt = text[..Math.Min(text.Length, 16)];
        var options = new GenerationOptions { MaxTokens = NewTokens, IgnoreEndTokens = true };
        int[] here = model.Generate(prompt, options).Ids.ToArray(), there = processor.Generate(prompt, options).Ids.ToArray();
        int same = here.Zip(there).TakeWhile(pair => pair.First == pair.Second).Count();
        figures.Add("greedy tokens that are the processor's", $"{same} of {there.Length}");
        if (same < there.Length && precision == Precision.Exact)
            throw new InvalidOperationException($"token {same} is {here[same]}; expected {there[same]}");
    }

    // A row's logits, bit for bit, alone and among others.
    private void Bits()
    {
        int[] alone = LogitBits(1);
        foreach (int rows in s_batches)
        {
            int[] among = LogitBits(rows);
            int different = alone.Zip(among).Count(pair => pair.First != pair.Second);
            figures.Add($"bits of a row's logits that differ, batch of {rows}", $"{different} of {alone.Length}");
            if (different > 0)
                throw new InvalidOperationException($"in a batch of {rows} the row's logits have other bits");
        }
    }

    // The last of `rows` rows has always the same text: a prompt in one pass, then one token.
    private int[] LogitBits(int rows)
    {
        Cache.Sequence[] sequences = [.. Enumerable.Range(0, rows).Select(_ => model.Transformer.Cache.Create())];
        try
        {
            model.Transformer.Precision = precision;
            var inputs = new StepInput[rows];
            for (int row = 0; row < rows; row++)
                inputs[row] = new StepInput(sequences[row], (row == rows - 1 ? text[..12] : text[(row % 5)..(6 + (row % 7))]).ToArray());
            model.Transformer.Forward(inputs, LogitsWanted.None);
            for (int row = 0; row < rows; row++)
                inputs[row] = new StepInput(sequences[row], text.AsMemory(row == rows - 1 ? 12 : row % 11, 1));
            Rows logits = model.Transformer.Forward(inputs, LogitsWanted.Last);
            return [.. model.Transformer.View(logits).Row(rows - 1).ToArray().Select(BitConverter.SingleToInt32Bits)];
        }
        finally
        {
            Array.ForEach(sequences, sequence => sequence.Dispose());
        }
    }

    private static int Largest(ReadOnlySpan<float> values) => System.Numerics.Tensors.TensorPrimitives.IndexOfMax(values);
}
