using System.Reflection;
using System.Runtime.Loader;
using ILGPU;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Managed.Tests.Ilgpu.Fuzz;

/// <summary>C# source compiled by Roslyn into memory; goes away with the object.</summary>
internal sealed class CompiledSource : IDisposable
{
    private static readonly MetadataReference[] References = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator).Where(path => Path.GetFileName(path) is "System.Private.CoreLib.dll" or "System.Runtime.dll" or "System.Collections.dll")
        .Append(typeof(Context).Assembly.Location).Select(path => MetadataReference.CreateFromFile(path))];

    private readonly AssemblyLoadContext context = new("random kernels", isCollectible: true);

    public CompiledSource(string source, bool optimise)
    {
        CSharpCompilation compilation = CSharpCompilation.Create($"RandomKernels{Guid.NewGuid():N}", [CSharpSyntaxTree.ParseText(source)], References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: optimise ? Microsoft.CodeAnalysis.OptimizationLevel.Release : Microsoft.CodeAnalysis.OptimizationLevel.Debug));
        using MemoryStream stream = new();
        Microsoft.CodeAnalysis.Emit.EmitResult result = compilation.Emit(stream);
        if (!result.Success)
        {
            throw new InvalidOperationException("The generated source is not C#:\n" + string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error))
                + "\n" + source);
        }
        stream.Position = 0;
        Assembly = context.LoadFromStream(stream);
    }

    public Assembly Assembly { get; }

    public void Dispose() => context.Unload();
}
