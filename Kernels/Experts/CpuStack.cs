namespace Managed.Kernels.Experts;

/// <summary>The matrices of a layer's experts where they lie: one below the other in name only.</summary>
internal sealed class CpuStack(CpuWeight[] parts) : Weight
{
    /// <summary>Each expert's.</summary>
    public CpuWeight[] Parts => parts;

    /// <summary>Whether some of them, and whether all of them have a kernel for 8-bit activations.</summary>
    public bool HasFast { get; } = Array.Exists(parts, part => part.HasFast);

    /// <inheritdoc cref="HasFast"/>
    public bool AreFast { get; } = Array.TrueForAll(parts, part => part.HasFast);

    public override WeightType Type => parts[0].Type;

    public override WeightType StoredType => parts[0].StoredType;

    public override int Rows => parts.Length * parts[0].Rows;

    public override int Columns => parts[0].Columns;

    public override long ByteCount => parts.Sum(part => part.ByteCount);

    public override void Dispose() => Array.ForEach(parts, part => part.Dispose());
}
