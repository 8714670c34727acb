using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Managed.Tests.Docs;

/// <summary>Compiles a program of a page as it stands, against what is public, and runs it in this process.</summary>
internal static class ExampleProgram
{
    // What the SDK adds to every program that asks for implicit usings, as single C# files do.
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    /// <summary>What the program writes to its output.</summary>
    /// <param name="source">The program.</param>
    /// <param name="beside">A second file of it, with what a page takes for given; null: none.</param>
    public static string Run(string source, string? beside = null)
    {
        using var image = new MemoryStream(Compile(source, beside));
        var context = new AssemblyLoadContext("example", isCollectible: true);
        TextWriter before = Console.Out;
        using var output = new StringWriter { NewLine = "\n" };
        Console.SetOut(output);
        try
        {
            MethodInfo main = context.LoadFromStream(image).EntryPoint!;
            main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()], null);
            return output.ToString();
        }
        finally
        {
            Console.SetOut(before);
            context.Unload();
        }
    }

    private static byte[] Compile(string source, string? beside)
    {
        var language = new CSharpParseOptions(LanguageVersion.Latest);
        string[] platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create(
            "Example",
            new[] { ImplicitUsings, source, beside }.OfType<string>().Select(text => CSharpSyntaxTree.ParseText(text, language)),
            platform.Select(file => MetadataReference.CreateFromFile(file)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable, optimizationLevel: OptimizationLevel.Release));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.That(result.Diagnostics.Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning), Is.Empty, source);
        return image.ToArray();
    }
}
