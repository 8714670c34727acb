using System.Reflection;
using System.Text;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>How types and methods are named in messages, in generated modules and in the table of intrinsics.</summary>
internal static class Names
{
    /// <summary>As in C#: "ArrayView&lt;Single&gt;".</summary>
    public static string Of(Type type)
    {
        if (type.IsByRef)
        {
            return "ref " + Of(type.GetElementType()!);
        }
        if (type.IsPointer)
        {
            return Of(type.GetElementType()!) + "*";
        }
        string name = type.Name;
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        if (tick >= 0)
        {
            name = name[..tick];
        }
        if (type.DeclaringType is not null && !type.IsGenericParameter)
        {
            name = $"{type.DeclaringType.Name.Split('`')[0]}.{name}";
        }
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Of))}>" : name;
    }

    public static string Of(MethodBase method)
    {
        string name = method.IsGenericMethod
            ? $"{method.Name}<{string.Join(", ", method.GetGenericArguments().Select(Of))}>"
            : method.Name;
        return method.DeclaringType is null ? name : $"{Of(method.DeclaringType)}.{name}";
    }

    /// <summary>"Namespace.Type.Method", generic types by their definition ("ILGPU.ArrayView`1.SubView").</summary>
    public static string Key(MethodBase method)
    {
        Type? type = method.DeclaringType;
        type = type is { IsGenericType: true } ? type.GetGenericTypeDefinition() : type;
        return $"{type?.FullName}.{method.Name}";
    }

    /// <summary>Letters, digits and underscores.</summary>
    public static string Identifier(MethodBase method)
    {
        StringBuilder text = new();
        foreach (char c in Of(method))
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                text.Append(c);
            }
            else if (text.Length > 0 && text[^1] != '_')
            {
                text.Append('_');
            }
        }
        return text.ToString().Trim('_') is { Length: > 0 } name && !char.IsAsciiDigit(name[0]) ? name : $"kernel_{text}";
    }
}
