namespace ILGPU.Runtime;

/// <content>Copies of shaped views and arrays.</content>
public static partial class ArrayViewExtensions
{
    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray<T>(this ArrayView<T> view)
        where T : unmanaged
        => view.GetAsArray(view.Owner.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray<T>(this ArrayView<T> view, AcceleratorStream stream)
        where T : unmanaged
    {
        T[] data = new T[view.Length];
        HostCopies.Read(stream, view, data.AsSpan());
        return data;
    }

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView1D<T, TStride> view, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => view.CopyToCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView1D<T, TStride> view, AcceleratorStream stream, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
    {
        HostCopies.ToHost(stream, view.BaseView, new LongIndex3D(view.Extent.X, 1, 1), new Index3D(view.Stride.XStride, 1, 1), data.AsSpan());
    }

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView1D<T, TStride> view, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => view.CopyFromCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView1D<T, TStride> view, AcceleratorStream stream, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
    {
        HostCopies.FromHost(stream, view.BaseView, new LongIndex3D(view.Extent.X, 1, 1), new Index3D(view.Stride.XStride, 1, 1), data.AsSpan());
    }

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray1D<T, TStride>(this ArrayView1D<T, TStride> view)
        where T : unmanaged
        where TStride : struct, IStride1D
        => view.GetAsArray1D(view.BaseView.Owner.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray1D<T, TStride>(this ArrayView1D<T, TStride> view, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride1D
    {
        T[] data = new T[view.Extent.X];
        view.CopyToCPU(stream, data);
        return data;
    }

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.CopyToCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, AcceleratorStream stream, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.View.CopyToCPU(stream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.CopyFromCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, AcceleratorStream stream, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.View.CopyFromCPU(stream, data);

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray1D<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.GetAsArray1D(buffer.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray1D<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.View.GetAsArray1D(stream);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView2D<T, TStride> view, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => view.CopyToCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView2D<T, TStride> view, AcceleratorStream stream, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
    {
        HostCopies.CheckShape(new LongIndex3D(view.Extent, 1), data);
        HostCopies.ToHost(stream, view.BaseView, new LongIndex3D(view.Extent, 1), new Index3D(view.Stride.StrideExtent, 1), HostCopies.Elements<T>(data));
    }

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView2D<T, TStride> view, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => view.CopyFromCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView2D<T, TStride> view, AcceleratorStream stream, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
    {
        HostCopies.CheckShape(new LongIndex3D(view.Extent, 1), data);
        HostCopies.FromHost(stream, view.BaseView, new LongIndex3D(view.Extent, 1), new Index3D(view.Stride.StrideExtent, 1), HostCopies.Elements<T>(data));
    }

    /// <summary>All elements in a new array.</summary>
    public static T[,] GetAsArray2D<T, TStride>(this ArrayView2D<T, TStride> view)
        where T : unmanaged
        where TStride : struct, IStride2D
        => view.GetAsArray2D(view.BaseView.Owner.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[,] GetAsArray2D<T, TStride>(this ArrayView2D<T, TStride> view, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride2D
    {
        T[,] data = new T[view.Extent.X, view.Extent.Y];
        view.CopyToCPU(stream, data);
        return data;
    }

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.CopyToCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, AcceleratorStream stream, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.View.CopyToCPU(stream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.CopyFromCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, AcceleratorStream stream, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.View.CopyFromCPU(stream, data);

    /// <summary>All elements in a new array.</summary>
    public static T[,] GetAsArray2D<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.GetAsArray2D(buffer.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[,] GetAsArray2D<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.View.GetAsArray2D(stream);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView3D<T, TStride> view, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => view.CopyToCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView3D<T, TStride> view, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
    {
        HostCopies.CheckShape(view.Extent, data);
        HostCopies.ToHost(stream, view.BaseView, view.Extent, view.Stride.StrideExtent, HostCopies.Elements<T>(data));
    }

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView3D<T, TStride> view, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => view.CopyFromCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView3D<T, TStride> view, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
    {
        HostCopies.CheckShape(view.Extent, data);
        HostCopies.FromHost(stream, view.BaseView, view.Extent, view.Stride.StrideExtent, HostCopies.Elements<T>(data));
    }

    /// <summary>All elements in a new array.</summary>
    public static T[,,] GetAsArray3D<T, TStride>(this ArrayView3D<T, TStride> view)
        where T : unmanaged
        where TStride : struct, IStride3D
        => view.GetAsArray3D(view.BaseView.Owner.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[,,] GetAsArray3D<T, TStride>(this ArrayView3D<T, TStride> view, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride3D
    {
        T[,,] data = new T[view.Extent.X, view.Extent.Y, view.Extent.Z];
        view.CopyToCPU(stream, data);
        return data;
    }

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.CopyToCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.View.CopyToCPU(stream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.CopyFromCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.View.CopyFromCPU(stream, data);

    /// <summary>All elements in a new array.</summary>
    public static T[,,] GetAsArray3D<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.GetAsArray3D(buffer.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[,,] GetAsArray3D<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.View.GetAsArray3D(stream);
}
