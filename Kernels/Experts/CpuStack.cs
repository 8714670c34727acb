namespace Managed.Kernels.Experts;

/// <summary>The matrices of a layer's experts where they lie: one below the other in name only.</summary>
internal sealed class CpuStack(CpuWeight[] parts) : Weight
{
    /// <summary>Each expert's.</summary>
    public CpuWeight[] Parts => parts;

    public override WeightType Type => parts[0].Type;

    public override WeightType StoredType => parts[0].StoredType;

    public override int Rows => parts.Length * parts[0].Rows;

    public override int Columns => parts[0].Columns;

    public override long ByteCount => parts.Sum(part => part.ByteCount);

    public override void Dispose() => Array.ForEach(parts, part => part.Dispose());
}
