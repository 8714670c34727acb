using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>An operand of wgmma in shared memory, read through its descriptor: start, leading and stride offset, swizzle.</summary>
internal readonly struct OperandTile
{
    private readonly Warp _warp;
    private readonly Operation _operation;
    private readonly MatrixShape _shape;
    private readonly bool _acrossRows;
    private readonly int _start, _leading, _stride, _swizzle;

    /// <param name="warp">The warp that reads.</param>
    /// <param name="operation">Its instruction, for messages.</param>
    /// <param name="descriptor">Bits 0–13 start, 16–29 leading and 32–45 stride offset, all in 16 bytes; 62–63 the swizzle.</param>
    /// <param name="acrossRows">Whether neighbours in memory are neighbours along M or N (the transpose flag); otherwise along K.</param>
    /// <param name="shape">How elements are read.</param>
    public OperandTile(Warp warp, Operation operation, ulong descriptor, bool acrossRows, MatrixShape shape)
    {
        (_warp, _operation, _shape, _acrossRows) = (warp, operation, shape, acrossRows);
        _start = (int)(descriptor & 0x3FFF) << 4;
        _leading = (int)((descriptor >> 16) & 0x3FFF) << 4;
        _stride = (int)((descriptor >> 32) & 0x3FFF) << 4;
        _swizzle = (int)(descriptor >> 62) switch { 1 => 128, 2 => 64, 3 => 32, _ => 0 };
        if (((descriptor >> 49) & 7) != 0)
            throw operation.Error("a base offset other than 0 in a wgmma descriptor is not supported.");
    }

    /// <summary>Fills values[row, k] from row `firstRow` of the tile on, a chunk of 16 bytes at a time.</summary>
    public void Read(double[,] values, int firstRow)
    {
        int bytes = 4 / _shape.PerRegister, perChunk = 16 / bytes;
        int rows = values.GetLength(0), depth = values.GetLength(1);
        if (_acrossRows)
        {
            for (int k = 0; k < depth; k++)
                for (int row = 0; row < rows; row += perChunk)
                {
                    ref byte chunk = ref Chunk(AcrossRows(firstRow + row, k, bytes));
                    for (int i = 0; i < perChunk && row + i < rows; i++)
                        values[row + i, k] = Decode(ref chunk, i, bytes);
                }
            return;
        }
        for (int row = 0; row < rows; row++)
            for (int k = 0; k < depth; k += perChunk)
            {
                ref byte chunk = ref Chunk(AlongDepth(firstRow + row, k * bytes));
                for (int i = 0; i < perChunk && k + i < depth; i++)
                    values[row, k + i] = Decode(ref chunk, i, bytes);
            }
    }

    private int AlongDepth(int row, int depthByte) => _swizzle > 0
        ? _start + (row / 8 * _stride) + (row % 8 * _swizzle) + depthByte
        : _start + (row / 8 * _stride) + (row % 8 * 16) + (depthByte / 16 * _leading);

    private int AcrossRows(int row, int k, int bytes) => _swizzle > 0
        ? _start + (row * bytes / _swizzle * _leading) + (k / 8 * _stride) + (k % 8 * _swizzle) + (row * bytes % _swizzle)
        : _start + (row / 8 * _stride) + (k / 8 * _leading) + (k % 8 * 16) + (row % 8 * bytes);

    /// <summary>The swizzle exchanges chunks of 16 bytes by bits of the address itself.</summary>
    private ref byte Chunk(int address)
    {
        int mask = _swizzle switch { 128 => 7, 64 => 3, 32 => 1, _ => 0 };
        address ^= ((address >> 7) & mask) << 4;
        _warp.Block.CheckAsyncProxy(_warp, _operation, address, 16);
        return ref _warp.Touch(_operation, MemorySpace.Shared, (ulong)address, 16, 0, Access.Read);
    }

    private double Decode(ref byte chunk, int index, int bytes)
    {
        ref byte place = ref Unsafe.Add(ref chunk, index * bytes);
        uint bits = bytes switch { 1 => place, 2 => Unsafe.ReadUnaligned<ushort>(ref place), _ => Unsafe.ReadUnaligned<uint>(ref place) };
        return _shape.Decode(bits, 0);
    }
}
