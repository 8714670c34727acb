using Managed.Guards.Evaluation;
using Managed.Guards.Published;

namespace Managed.Cli.Evaluations;

/// <summary>The guardians of an evaluation, made ready for the model that they stand before; freed together.</summary>
internal sealed class LoadedGuardians : IDisposable
{
    private readonly List<GuardianFile> all = [];

    /// <exception cref="GuardException">A guardian cannot be used.</exception>
    public LoadedGuardians(EvalRequest request, LanguageModel target, LoadOptions options)
    {
        try
        {
            Measured = [.. request.Guardians.Select(Load)];
            Gates = [.. request.GatingGuardians.Select(Load)];
            Judge = request.JudgingGuardian is { } path && Load(path) is var judge ? GuardianJudge.By(judge.Name, judge.Guardian, request.Refusals) : request.Judge!;
        }
        catch
        {
            Dispose();
            throw;
        }

        GuardianFile Load(string path)
        {
            all.Add(GuardianFile.Load(path, target, options, request.MaxTokens));
            return all[^1];
        }
    }

    /// <summary>Those that stand before the model.</summary>
    public IReadOnlyList<GuardianFile> Measured { get; }

    /// <summary>Those whose labels are measured as a gate's.</summary>
    public IReadOnlyList<GuardianFile> Gates { get; }

    /// <summary>Who judges: a guardian, or whom the request names.</summary>
    public IJudge Judge { get; }

    public void Dispose() => all.ForEach(guardian => guardian.Dispose());
}
