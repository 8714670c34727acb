using System.Collections;
using Managed.Guards;

namespace Managed.Cli.Evaluations;

/// <summary>Guards made ready for a model; their memory is freed together.</summary>
internal sealed class CompiledGuards : IReadOnlyList<CompiledGuard>, IDisposable
{
    private readonly List<CompiledGuard> guards = [];

    /// <exception cref="GuardException">A guard does not fit the model.</exception>
    public CompiledGuards(IEnumerable<GuardProgram> programs, LanguageModel model)
    {
        try
        {
            foreach (GuardProgram program in programs)
                guards.Add(program.Compile(model));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Count => guards.Count;

    public CompiledGuard this[int index] => guards[index];

    public void Dispose() => guards.ForEach(guard => guard.Dispose());

    public IEnumerator<CompiledGuard> GetEnumerator() => guards.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
