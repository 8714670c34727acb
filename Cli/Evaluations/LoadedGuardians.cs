using Managed.Guards.Published;

namespace Managed.Cli.Evaluations;

/// <summary>The guardians of an evaluation, made ready for the model that they stand before; freed together.</summary>
internal sealed class LoadedGuardians : IDisposable
{
    private readonly List<GuardianFile> guardians = [];

    /// <exception cref="GuardException">A guardian cannot be used.</exception>
    public LoadedGuardians(EvalRequest request, LanguageModel target, LoadOptions options)
    {
        try
        {
            foreach (string path in request.Guardians)
                guardians.Add(GuardianFile.Load(path, target, options, request.MaxTokens));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<GuardianFile> All => guardians;

    public void Dispose() => guardians.ForEach(guardian => guardian.Dispose());
}
