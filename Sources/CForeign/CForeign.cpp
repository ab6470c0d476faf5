#include "CForeign.h"
