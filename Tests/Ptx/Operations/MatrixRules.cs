namespace Managed.Tests.Ptx;

/// <summary>Tensor-core instructions.</summary>
internal static class MatrixRules
{
    public static readonly Rule[] All = [];
}
