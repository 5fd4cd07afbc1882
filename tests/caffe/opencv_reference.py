"""What OpenCV's DNN module makes of a Caffe network: a program of its own, because it needs an older OpenCV.

opencv_reference.py PROTOTXT CAFFEMODEL INPUTS.npz OUTPUTS.npz NAME...
"""

import sys

import cv2
import numpy as np

prototxt, caffemodel, inputs, outputs, *names = sys.argv[1:]
net = cv2.dnn.readNetFromCaffe(prototxt, caffemodel)
for name, array in np.load(inputs).items():
    net.setInput(array, name)
np.savez(outputs, **dict(zip(names, net.forward(names), strict=True)))
