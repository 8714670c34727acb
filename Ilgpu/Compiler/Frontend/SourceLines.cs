using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Source lines of IL, from a portable PDB beside the assembly or inside it.</summary>
internal static class SourceLines
{
    private static readonly ConcurrentDictionary<Assembly, MetadataReader?> Symbols = new();
    private static readonly ConcurrentDictionary<MethodBase, (int Offset, string File, int Line)[]> Points = new();

    public static SourceLocation Locate(MethodBase method, int offset)
    {
        (int Offset, string File, int Line)[] points = Points.GetOrAdd(method, Read);
        int found = Array.FindLastIndex(points, point => point.Offset <= offset);
        return found < 0
            ? new SourceLocation(Names.Of(method), offset)
            : new SourceLocation(Names.Of(method), offset, points[found].File, points[found].Line);
    }

    private static (int, string, int)[] Read(MethodBase method)
    {
        if (Symbols.GetOrAdd(method.Module.Assembly, Open) is not { } reader || method.MetadataToken == 0)
        {
            return [];
        }
        MethodDefinitionHandle handle = (MethodDefinitionHandle)MetadataTokens.Handle(method.MetadataToken);
        List<(int, string, int)> points = [];
        foreach (SequencePoint point in reader.GetMethodDebugInformation(handle).GetSequencePoints())
        {
            if (!point.IsHidden)
            {
                string file = reader.GetString(reader.GetDocument(point.Document).Name);
                points.Add((point.Offset, Path.GetFileName(file.Replace('\\', '/')), point.StartLine));
            }
        }
        return [.. points];
    }

    private static MetadataReader? Open(Assembly assembly)
    {
        if (assembly.IsDynamic || assembly.Location is not { Length: > 0 } path || assembly == typeof(object).Assembly)
        {
            return null;
        }
        try
        {
            // the readers live as long as the process: their memory is the file's
            var file = new System.Reflection.PortableExecutable.PEReader(File.OpenRead(path));
            return file.TryOpenAssociatedPortablePdb(path, name => File.Exists(name) ? File.OpenRead(name) : null, out MetadataReaderProvider? provider, out _)
                ? provider!.GetMetadataReader()
                : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or BadImageFormatException or UnauthorizedAccessException)
        {
            return null; // messages then name the IL offset alone
        }
    }
}
