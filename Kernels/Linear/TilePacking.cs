using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>What is done with <see cref="PackedTile{TFormat}"/>s of a format that is known only by the weight's type.</summary>
internal abstract unsafe class TilePacking
{
    /// <inheritdoc cref="PackedTile{TFormat}.Bytes"/>
    public abstract nint Bytes(int columns);

    /// <inheritdoc cref="PackedTile{TFormat}.Pack"/>
    public abstract bool Pack(byte* tile, byte* rows, nint rowBytes, int columns);

    /// <inheritdoc cref="PackedTile{TFormat}.ReadRow"/>
    public abstract void ReadRow(float* values, byte* tile, int row, int columns);
}

/// <inheritdoc cref="TilePacking"/>
internal sealed unsafe class TilePacking<TFormat> : TilePacking
    where TFormat : struct, IIntegerFormat
{
    public override nint Bytes(int columns) => PackedTile<TFormat>.Bytes(columns);

    public override bool Pack(byte* tile, byte* rows, nint rowBytes, int columns) => PackedTile<TFormat>.Pack(tile, rows, rowBytes, columns);

    public override void ReadRow(float* values, byte* tile, int row, int columns) => PackedTile<TFormat>.ReadRow(values, tile, row, columns);
}
