
,
xPlaceholder*
dtype0	*
shape:
*
yCast^xx:0*

SrcT0	*

DstT0"¿