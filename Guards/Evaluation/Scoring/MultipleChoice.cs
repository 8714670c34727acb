using System.Text.Json;
using Managed.Loader;
using Managed.Loader.Templates;
using Managed.Sampling;

namespace Managed.Guards.Evaluation;

/// <summary>A question with answers to choose from.</summary>
/// <param name="Context">The text that every choice continues, behind one space.</param>
/// <param name="Choices">The choices.</param>
/// <param name="Gold">Index of the right one.</param>
public sealed record ChoiceQuestion(string Context, IReadOnlyList<string> Choices, int Gold);

/// <summary>What a model thinks of one choice.</summary>
/// <param name="LogProbabilities">ln p of each token of it.</param>
/// <param name="IsGreedy">Whether every token of it is the model's most likely one.</param>
/// <param name="Characters">Its code points, the space before it not counted.</param>
/// <param name="Bytes">Its UTF-8 bytes.</param>
public sealed record ChoiceScore(double[] LogProbabilities, bool IsGreedy, int Characters, int Bytes)
{
    /// <summary>Σ ln p.</summary>
    public double LogLikelihood => LogProbabilities.Sum();
}

/// <summary>What a model answered to one question.</summary>
/// <param name="Scores">A score for each choice.</param>
public sealed record ChoiceResult(IReadOnlyList<ChoiceScore> Scores)
{
    /// <summary>The choice of the highest log-likelihood; the first of equal ones.</summary>
    public int Pick => Best(score => score.LogLikelihood);

    /// <summary>The choice of the highest log-likelihood for each character.</summary>
    public int PickByCharacters => Best(score => score.LogLikelihood / score.Characters);

    /// <summary>The choice of the highest log-likelihood for each byte.</summary>
    public int PickByBytes => Best(score => score.LogLikelihood / score.Bytes);

    private int Best(Func<ChoiceScore, double> value)
    {
        int best = 0;
        for (int i = 1; i < Scores.Count; i++)
            if (value(Scores[i]) > value(Scores[best]))
                best = i;
        return best;
    }
}

/// <summary>Multiple choice by log-likelihood, with the definitions of EleutherAI's evaluation harness (0.4).</summary>
/// <param name="Results">A result for each question.</param>
/// <param name="Accuracy">Share of questions whose likeliest choice is right: `acc`.</param>
/// <param name="AccuracyByCharacters">With log-likelihoods divided by code points: `acc_norm`.</param>
/// <param name="AccuracyByBytes">With log-likelihoods divided by bytes: `acc_bytes`.</param>
public sealed record MultipleChoice(IReadOnlyList<ChoiceResult> Results, double Accuracy, double AccuracyByCharacters, double AccuracyByBytes)
{
    /// <summary>√(a (1 − a) / (n − 1)) of <see cref="Accuracy"/>; NaN for one question.</summary>
    public double StandardError => Math.Sqrt(Accuracy * (1 - Accuracy) / (Results.Count - 1));

    /// <summary>Scores all choices of all questions.</summary>
    /// <exception cref="ArgumentException">No questions; a question without choices, with an empty one, or whose right one is not there.</exception>
    public static MultipleChoice Measure(LogitSource source, IReadOnlyList<ChoiceQuestion> questions, CancellationToken cancellation = default) =>
        MeasureKept(source, questions, MeasurementLog.Now, cancellation);

    /// <summary>The same, where questions that were scored before may be kept.</summary>
    internal static MultipleChoice MeasureKept(LogitSource source, IReadOnlyList<ChoiceQuestion> questions, KeptValues kept, CancellationToken cancellation)
    {
        if (questions.Count == 0)
            throw new ArgumentException("Multiple choice: found no questions; expected at least one.");
        var results = new ChoiceResult[questions.Count];
        for (int i = 0; i < results.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (questions[i].Gold < 0 || questions[i].Gold >= questions[i].Choices.Count)
                throw new ArgumentException($"Multiple choice, question {i}: found {questions[i].Gold} as the right one of {questions[i].Choices.Count} choices; expected an index from 0.");
            ChoiceQuestion question = questions[i];
            results[i] = Result(question, kept($"question {i + 1}", JsonSerializer.Serialize(question), () => Values(Score(source, question))));
        }
        return new MultipleChoice(results, Rate(result => result.Pick), Rate(result => result.PickByCharacters), Rate(result => result.PickByBytes));

        double Rate(Func<ChoiceResult, int> pick) => (double)Enumerable.Range(0, results.Length).Count(i => pick(results[i]) == questions[i].Gold) / results.Length;
    }

    // Of each choice: whether it is greedy, its tokens, ln p of each.
    private static double[] Values(ChoiceResult result) =>
        [.. result.Scores.SelectMany(score => (double[])[score.IsGreedy ? 1 : 0, score.LogProbabilities.Length, .. score.LogProbabilities])];

    private static ChoiceResult Result(ChoiceQuestion question, double[] values)
    {
        var scores = new List<ChoiceScore>();
        int at = 0;
        foreach (string choice in question.Choices)
        {
            int tokens = (int)values[at + 1];
            scores.Add(new ChoiceScore(values[(at + 2)..(at + 2 + tokens)], values[at] == 1, PythonText.Length(choice), System.Text.Encoding.UTF8.GetByteCount(choice)));
            at += 2 + tokens;
        }
        return new ChoiceResult(scores);
    }

    // The continuation is what follows as many ids as the context alone has; white space that ends the context belongs to it.
    private static ChoiceResult Score(LogitSource source, ChoiceQuestion question)
    {
        int[] before = source.Model.Encode(PythonText.Trim(question.Context, null, start: false, end: true), addSpecialTokens: false);
        using LogitRun context = source.Begin(before.Length); // all choices go on from it
        if (before.Length > 0)
            context.Skip(before.AsSpan(0, before.Length - 1));
        return new ChoiceResult([.. question.Choices.Select(choice => Score(source, context, before, question.Context, choice))]);
    }

    private static ChoiceScore Score(LogitSource source, LogitRun before, int[] contextIds, string context, string choice)
    {
        int[] whole = source.Model.Encode($"{context} {choice}", addSpecialTokens: false);
        if (contextIds.Length == 0 || whole.Length <= contextIds.Length || choice.Length == 0)
            throw new ArgumentException($"Multiple choice: found {contextIds.Length} tokens of context and the choice \"{Utf8Text.Show(choice)}\"; expected a context and a choice that have at least one token each.");
        int[] continuation = whole[contextIds.Length..];
        var logProbabilities = new double[continuation.Length];
        bool greedy = true;
        using LogitRun run = before.Fork();
        int[] inputs = [contextIds[^1], .. continuation[..^1]];
        for (int place = 0; place < inputs.Length; place += LogitRun.Chunk)
        {
            int count = Math.Min(LogitRun.Chunk, inputs.Length - place);
            Span2D logits = run.Next(inputs.AsSpan(place, count));
            for (int i = 0; i < count; i++)
            {
                int id = continuation[place + i];
                logProbabilities[place + i] = logits[i, id] - LogitFunctions.LogSumExp(logits.Row(i));
                greedy &= LogitFunctions.IndexOfHighest(logits.Row(i)) == id;
            }
        }
        return new ChoiceScore(logProbabilities, greedy, PythonText.Length(choice), System.Text.Encoding.UTF8.GetByteCount(choice));
    }
}
