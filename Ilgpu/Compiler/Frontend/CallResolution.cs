using System.Reflection;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Which method a call through an interface or a base class means on a struct that is known.</summary>
internal static class CallResolution
{
    /// <summary>The method of `type` that stands for `method`, which an interface or object declares.</summary>
    public static MethodBase OnType(Type type, MethodBase method)
    {
        if (!type.IsValueType || method.DeclaringType == type)
        {
            return method.DeclaringType == type ? method
                : throw new RefusedException($"{Names.Of(method)} is called on the class {Names.Of(type)}; kernels have no objects: use a struct");
        }
        MethodInfo declared = (MethodInfo)method;
        MethodInfo definition = declared.IsGenericMethod ? declared.GetGenericMethodDefinition() : declared;
        MethodInfo? found = declared.DeclaringType!.IsInterface ? InInterface(type, definition) : Override(type, definition);
        if (found is null)
        {
            throw new RefusedException($"{Names.Of(type)} has no method for {Names.Of(method)}");
        }
        return declared.IsGenericMethod ? found.MakeGenericMethod(declared.GetGenericArguments()) : found;
    }

    private static MethodInfo? InInterface(Type type, MethodInfo method)
    {
        InterfaceMapping map = type.GetInterfaceMap(method.DeclaringType!);
        for (int i = 0; i < map.InterfaceMethods.Length; i++)
        {
            if (map.InterfaceMethods[i].MetadataToken == method.MetadataToken && map.InterfaceMethods[i].Module == method.Module)
            {
                return map.TargetMethods[i] ?? (method.IsAbstract ? null : method);
            }
        }
        return method.IsAbstract ? null : method;
    }

    /// <summary>ToString, Equals and GetHashCode where the struct has its own.</summary>
    private static MethodInfo? Override(Type type, MethodInfo method) => type.GetMethod(
        method.Name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly,
        [.. method.GetParameters().Select(parameter => parameter.ParameterType)]);
}
