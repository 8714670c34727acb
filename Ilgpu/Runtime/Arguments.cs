using System.Runtime.CompilerServices;

namespace ILGPU.Runtime;

/// <summary>1 argument of a launch.</summary>
internal struct Arguments<T1>(T1 a1) : IKernelArguments
    where T1 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1>>(kernel)(a1);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1>>(kernel)(index, a1);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
    }
}

/// <summary>2 arguments of a launch.</summary>
internal struct Arguments<T1, T2>(T1 a1, T2 a2) : IKernelArguments
    where T1 : struct
    where T2 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2>>(kernel)(a1, a2);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2>>(kernel)(index, a1, a2);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
    }
}

/// <summary>3 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3>(T1 a1, T2 a2, T3 a3) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3>>(kernel)(a1, a2, a3);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3>>(kernel)(index, a1, a2, a3);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
    }
}

/// <summary>4 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4>(T1 a1, T2 a2, T3 a3, T4 a4) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4>>(kernel)(a1, a2, a3, a4);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4>>(kernel)(index, a1, a2, a3, a4);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
    }
}

/// <summary>5 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5>>(kernel)(a1, a2, a3, a4, a5);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5>>(kernel)(index, a1, a2, a3, a4, a5);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
    }
}

/// <summary>6 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6>>(kernel)(a1, a2, a3, a4, a5, a6);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6>>(kernel)(index, a1, a2, a3, a4, a5, a6);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
    }
}

/// <summary>7 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6, T7>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
    where T7 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6, T7>>(kernel)(a1, a2, a3, a4, a5, a6, a7);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6, T7>>(kernel)(index, a1, a2, a3, a4, a5, a6, a7);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
        visitor.Argument(ref a7);
    }
}

/// <summary>8 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6, T7, T8>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
    where T7 : struct
    where T8 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6, T7, T8>>(kernel)(a1, a2, a3, a4, a5, a6, a7, a8);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8>>(kernel)(index, a1, a2, a3, a4, a5, a6, a7, a8);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
        visitor.Argument(ref a7);
        visitor.Argument(ref a8);
    }
}

/// <summary>9 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
    where T7 : struct
    where T8 : struct
    where T9 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6, T7, T8, T9>>(kernel)(a1, a2, a3, a4, a5, a6, a7, a8, a9);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9>>(kernel)(index, a1, a2, a3, a4, a5, a6, a7, a8, a9);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
        visitor.Argument(ref a7);
        visitor.Argument(ref a8);
        visitor.Argument(ref a9);
    }
}

/// <summary>10 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
    where T7 : struct
    where T8 : struct
    where T9 : struct
    where T10 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>>(kernel)(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>>(kernel)(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
        visitor.Argument(ref a7);
        visitor.Argument(ref a8);
        visitor.Argument(ref a9);
        visitor.Argument(ref a10);
    }
}

/// <summary>11 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10, T11 a11) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
    where T7 : struct
    where T8 : struct
    where T9 : struct
    where T10 : struct
    where T11 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>>(kernel)(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>>(kernel)(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
        visitor.Argument(ref a7);
        visitor.Argument(ref a8);
        visitor.Argument(ref a9);
        visitor.Argument(ref a10);
        visitor.Argument(ref a11);
    }
}

/// <summary>12 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10, T11 a11, T12 a12) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
    where T7 : struct
    where T8 : struct
    where T9 : struct
    where T10 : struct
    where T11 : struct
    where T12 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>>(kernel)(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>>(kernel)(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
        visitor.Argument(ref a7);
        visitor.Argument(ref a8);
        visitor.Argument(ref a9);
        visitor.Argument(ref a10);
        visitor.Argument(ref a11);
        visitor.Argument(ref a12);
    }
}

/// <summary>13 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10, T11 a11, T12 a12, T13 a13) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
    where T7 : struct
    where T8 : struct
    where T9 : struct
    where T10 : struct
    where T11 : struct
    where T12 : struct
    where T13 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>>(kernel)(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>>(kernel)(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
        visitor.Argument(ref a7);
        visitor.Argument(ref a8);
        visitor.Argument(ref a9);
        visitor.Argument(ref a10);
        visitor.Argument(ref a11);
        visitor.Argument(ref a12);
        visitor.Argument(ref a13);
    }
}

/// <summary>14 arguments of a launch.</summary>
internal struct Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10, T11 a11, T12 a12, T13 a13, T14 a14) : IKernelArguments
    where T1 : struct
    where T2 : struct
    where T3 : struct
    where T4 : struct
    where T5 : struct
    where T6 : struct
    where T7 : struct
    where T8 : struct
    where T9 : struct
    where T10 : struct
    where T11 : struct
    where T12 : struct
    where T13 : struct
    where T14 : struct
{
    public readonly void Invoke(Delegate kernel) => Unsafe.As<Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>>(kernel)(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14);

    public readonly void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex
        => Unsafe.As<Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>>(kernel)(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14);

    public void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct
    {
        visitor.Argument(ref a1);
        visitor.Argument(ref a2);
        visitor.Argument(ref a3);
        visitor.Argument(ref a4);
        visitor.Argument(ref a5);
        visitor.Argument(ref a6);
        visitor.Argument(ref a7);
        visitor.Argument(ref a8);
        visitor.Argument(ref a9);
        visitor.Argument(ref a10);
        visitor.Argument(ref a11);
        visitor.Argument(ref a12);
        visitor.Argument(ref a13);
        visitor.Argument(ref a14);
    }
}
