namespace ILGPU.Runtime;

/// <content>Buffers made of arrays and of extents.</content>
public static partial class ArrayViewExtensions
{
    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(this Accelerator accelerator, T[] data)
        where T : unmanaged
        => accelerator.Allocate1D(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(this Accelerator accelerator, AcceleratorStream stream, T[] data)
        where T : unmanaged
    {
        MemoryBuffer1D<T, Stride1D.Dense> buffer = accelerator.Allocate1D<T>(data.Length);
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer2D<T, Stride2D.DenseX> Allocate2DDenseX<T>(this Accelerator accelerator, T[,] data)
        where T : unmanaged
        => accelerator.Allocate2DDenseX(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer2D<T, Stride2D.DenseX> Allocate2DDenseX<T>(this Accelerator accelerator, AcceleratorStream stream, T[,] data)
        where T : unmanaged
    {
        MemoryBuffer2D<T, Stride2D.DenseX> buffer = accelerator.Allocate2DDenseX<T>(new LongIndex2D(data.GetLength(0), data.GetLength(1)));
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer2D<T, Stride2D.DenseY> Allocate2DDenseY<T>(this Accelerator accelerator, T[,] data)
        where T : unmanaged
        => accelerator.Allocate2DDenseY(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer2D<T, Stride2D.DenseY> Allocate2DDenseY<T>(this Accelerator accelerator, AcceleratorStream stream, T[,] data)
        where T : unmanaged
    {
        MemoryBuffer2D<T, Stride2D.DenseY> buffer = accelerator.Allocate2DDenseY<T>(new LongIndex2D(data.GetLength(0), data.GetLength(1)));
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer3D<T, Stride3D.DenseXY> Allocate3DDenseXY<T>(this Accelerator accelerator, T[,,] data)
        where T : unmanaged
        => accelerator.Allocate3DDenseXY(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer3D<T, Stride3D.DenseXY> Allocate3DDenseXY<T>(this Accelerator accelerator, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
    {
        MemoryBuffer3D<T, Stride3D.DenseXY> buffer = accelerator.Allocate3DDenseXY<T>(new LongIndex3D(data.GetLength(0), data.GetLength(1), data.GetLength(2)));
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer3D<T, Stride3D.DenseZY> Allocate3DDenseZY<T>(this Accelerator accelerator, T[,,] data)
        where T : unmanaged
        => accelerator.Allocate3DDenseZY(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer3D<T, Stride3D.DenseZY> Allocate3DDenseZY<T>(this Accelerator accelerator, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
    {
        MemoryBuffer3D<T, Stride3D.DenseZY> buffer = accelerator.Allocate3DDenseZY<T>(new LongIndex3D(data.GetLength(0), data.GetLength(1), data.GetLength(2)));
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }
}
